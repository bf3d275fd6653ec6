// @ts-check
// Ground for the tests that need no broker: a scripted server and a page for each test.

import { describe, test } from "node:test";
import { titled } from "../harness/engines/engine.mjs";
import { useLab } from "../harness/lab.mjs";
import { TEST } from "../harness/patience.mjs";
import { ScriptedServer } from "../harness/scripted_server.mjs";

/** @typedef {import("../harness/lab.mjs").Bench} Bench */

/** @type {readonly (4 | 5)[]} */
export const VERSIONS = [5, 4];

/** @param {4 | 5} version */
export const titleOf = (version) => (version === 5 ? "MQTT 5.0" : "MQTT 3.1.1");

/** Options of every client: no waiting between attempts. */
export const quick = { reconnect: { min: 1, max: 20 } };

/**
 * Options of a client that does not come back by itself within a test. A delay is drawn from between zero and its bound,
 * so that one of a minute is now and then one of nothing; this one is 24 days.
 */
export const never = { reconnect: { min: 2_147_483_647, max: 2_147_483_647 } };

/** @typedef {(name: string, body: (setup: { bench: Bench, server: ScriptedServer }) => Promise<void>) => void} AddTest */

/**
 * A group of tests against scripted servers.
 * @param {string} title
 * @param {(test: AddTest, lab: import("../harness/lab.mjs").Lab) => void} add
 */
export function describeScripted(title, add) {
  describe(titled(title), () => {
    const lab = useLab();
    add((name, body) => {
      const run = lab.withPage(async (bench) => {
        const server = await ScriptedServer.start();
        try {
          await body({ bench, server });
        } finally {
          await server.stop();
        }
      });
      test(name, { timeout: TEST }, run);
    }, lab);
  });
}

/**
 * A client of the page that is connected to the scripted server, and the server's end of it.
 * @param {{ bench: Bench, server: ScriptedServer }} setup
 * @param {Record<string, unknown>} options
 * @param {Parameters<import("../harness/scripted_server.mjs").Peer["accept"]>[0]} [connack]
 */
export async function connectedPair({ bench, server }, options, connack) {
  const next = server.peer();
  const connecting = bench.connected(server.url, { ...quick, ...options });
  const peer = await next;
  const connect = await peer.accept(connack);
  return { client: await connecting, peer, connect };
}
