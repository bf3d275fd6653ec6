// @ts-check
// Ground for tests of what is the same everywhere: the built package runs in Node.js, with the WebSocket of the package
// ws, against a scripted server. A browser would tell nothing more and takes longer.

import { describe, test } from "node:test";
import { WebSocket } from "ws";
import { createClient } from "../../../pkg/dist/base64.js";
import { TEST } from "../harness/patience.mjs";
import { ScriptedServer } from "../harness/scripted_server.mjs";
import { quick } from "./scripted.mjs";

/** @typedef {import("../../../pkg/dist/base64.js").Client} Client */
/** @typedef {import("../../../pkg/dist/base64.js").ConnectOptions} ConnectOptions */
/** @typedef {import("../../../pkg/dist/base64.js").WebSocketConstructor} WebSocketConstructor */
/** @typedef {import("../harness/scripted_server.mjs").Peer} Peer */

/**
 * @typedef {object} Setup
 * @property {ScriptedServer} server
 * @property {(options?: ConnectOptions) => Promise<Client>} made a client that is not connected
 * @property {(options?: ConnectOptions, connack?: Parameters<Peer["accept"]>[0]) => Promise<{ client: Client, peer: Peer }>} connected
 */

/** The WebSocket for clients under Node.js. */
export const webSocket = /** @type {WebSocketConstructor} */ (/** @type {unknown} */ (WebSocket));

/**
 * A group of tests, each with a server of its own; clients are ended after it.
 * @param {string} title
 * @param {(test: (name: string, body: (setup: Setup) => Promise<void>) => void) => void} add
 */
export function describeInNode(title, add) {
  describe(title, () => {
    add((name, body) => {
      test(name, { timeout: TEST }, async () => {
        const server = await ScriptedServer.start();
        /** @type {Client[]} */
        const clients = [];
        const made = async (/** @type {ConnectOptions} */ options = {}) => {
          const client = await createClient(server.url, { webSocket, ...quick, ...options });
          clients.push(client);
          return client;
        };
        /** @type {Setup["connected"]} */
        const connected = async (options, connack) => {
          const client = await made(options);
          const connecting = client.connect();
          const peer = await server.peer();
          await peer.accept(connack);
          await connecting;
          return { client, peer };
        };
        try {
          await body({ server, made, connected });
        } finally {
          await Promise.all(clients.map((client) => client.end({ force: true })));
          await server.stop();
        }
      });
    });
  });
}
