// @ts-check
// What every proxy does with TCP sockets on loopback.

import net from "node:net";

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
