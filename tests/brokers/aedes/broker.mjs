// @ts-check
// aedes, a broker written in JavaScript, in the foreground: anonymous, or alice (secret). It keeps everything in memory.
//   node broker.mjs --port N --plain-port N [--tls-port N --certificate FILE --key FILE]

import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { parseArgs } from "node:util";
import { Aedes } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";

const text = /** @type {const} */ ({ type: "string" });
const { values } = parseArgs({
  options: { port: text, "plain-port": text, "tls-port": text, certificate: text, key: text },
});

const broker = await Aedes.createBroker({
  authenticate: (_client, username, password, done) => {
    const known = username === "alice" && String(password) === "secret";
    const nobody = username === undefined && password === undefined;
    if (known || nobody) done(null, true);
    else done(Object.assign(new Error("no such account"), { returnCode: 4 }), null);
  },
});

/** @param {import("node:http").Server | import("node:https").Server} server @param {string} port */
function listenForBrowsers(server, port) {
  const sockets = new WebSocketServer({
    server,
    path: "/mqtt",
    handleProtocols: (offered) => ["mqtt", "mqttv3.1"].find((name) => offered.has(name)) ?? false,
  });
  sockets.on("connection", (socket, request) => {
    broker.handle(createWebSocketStream(socket), request);
  });
  server.listen(Number(port), "127.0.0.1");
}

net.createServer(broker.handle).listen(Number(values["plain-port"]), "127.0.0.1");
if (values["tls-port"] && values.certificate && values.key) {
  const [cert, key] = [readFileSync(values.certificate), readFileSync(values.key)];
  listenForBrowsers(https.createServer({ cert, key }), values["tls-port"]);
}
listenForBrowsers(http.createServer(), String(values.port));
// The first process of a namespace ends at a signal only if it listens for it.
process.on("SIGTERM", () => process.exit());
