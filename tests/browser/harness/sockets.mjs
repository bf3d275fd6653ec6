// @ts-check
// What every server and proxy does with TCP sockets on loopback.

import net from "node:net";

/**
 * Listens on a port of its own. Gives that, and what ends it with every connection that it has: one that became a WebSocket
 * would be waited for.
 * @param {net.Server} server also of HTTP and HTTPS @param {number} [port]
 * @returns {Promise<{ port: number, close: () => Promise<void> }>}
 */
export async function listen(server, port = 0) {
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // A client that uses a connection again must not find that it is just being closed.
  if ("keepAliveTimeout" in server) server.keepAliveTimeout = 600_000;
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(undefined));
  });
  const close = async () => {
    const closed = new Promise((resolve) => server.close(() => resolve(undefined)));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: /** @type {net.AddressInfo} */ (server.address()).port, close };
}

/** Listens in front of a server. Gives the server's URL with this port. @param {net.Server} listener @param {string} target */
export async function listenInFrontOf(listener, target) {
  await new Promise((resolve) => {
    listener.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  const { port } = /** @type {net.AddressInfo} */ (listener.address());
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;
  return url.href;
}

/**
 * Resets a connection. Node.js can reset no socket that is ending or still connecting, and hangs at its own end then.
 * @param {net.Socket | undefined} socket
 */
export function reset(socket) {
  if (!socket || socket.destroyed) return;
  if (socket.writableEnded || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
