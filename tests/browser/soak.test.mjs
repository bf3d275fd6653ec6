// @ts-check
// Memory over a long time: the module's and the page's are the same after many connections, and after many messages, as
// after a few.
//
// The suite has a short one of 1,000 connections and 100,000 messages; WEBMQTT_SOAK=10 has ten times as many.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { useLab } from "./harness/lab.mjs";
import { Memory } from "./harness/memory.mjs";
import { ObligingServer } from "./harness/obliging_server.mjs";
import { TEST } from "./harness/patience.mjs";

const SCALE = Number(process.env.WEBMQTT_SOAK ?? 1);
const CONNECTIONS = 1_000 * SCALE;
const MESSAGES = 100_000 * SCALE;
/** It is measured after each of them; the first is the warm-up. */
const PARTS = 5;
/**
 * Bytes of the module's memory, which never shrinks. How much is there at once depends on how fast the page is served, and
 * may need one page more at any time; a byte and a half left of each message are two.
 */
const MODULE_SLACK = 65_536;
/** Bytes that V8 may need more for code that it has optimised meanwhile, and the like. */
const HEAP_SLACK = 300_000;

/** @param {import("./harness/memory.mjs").Reading[]} readings @param {string} what @param {import("node:test").TestContext} t */
function assertFlat(readings, what, t) {
  const [first, ...rest] = readings;
  const last = rest.at(-1);
  assert.ok(first && last);
  const list = (
    /** @type {(reading: import("./harness/memory.mjs").Reading) => number} */ pick,
    /** @type {number} */ unit,
  ) => readings.map((reading) => (pick(reading) / unit).toFixed(2)).join(", ");
  t.diagnostic(
    `${what}, measured ${PARTS} times: JavaScript heap ${list(({ heap }) => heap, 1e6)} MB, ` +
      `module ${list(({ wasm }) => wasm, 65_536)} pages`,
  );
  assert.ok(
    last.wasm - first.wasm <= MODULE_SLACK,
    `the module's memory has grown by ${last.wasm - first.wasm} bytes`,
  );
  assert.ok(
    last.heap - first.heap < HEAP_SLACK,
    `the heap has grown by ${last.heap - first.heap} bytes`,
  );
}

describe("memory stays what it is", () => {
  const lab = useLab();
  /** @type {ObligingServer} */
  let server;
  before(async () => {
    server = await ObligingServer.start();
  });
  after(() => server?.stop());

  /** @param {string} name @param {import("./harness/lab.mjs").PageTest} body */
  const add = (name, body) =>
    test(name, { timeout: (1 + SCALE) * TEST }, lab.withPage(body, { ledger: true }));

  add(`over ${CONNECTIONS.toLocaleString("en")} connections`, async ({ page }, t) => {
    const memory = await Memory.of(page);
    const readings = [];
    const before = server.connections;
    for (let part = 0; part < PARTS; part++) {
      await page.evaluate(
        async ([origin, count]) => {
          const { webmqtt } = globalThis.bench;
          let left = count;
          const lane = async () => {
            while (left > 0) {
              left -= 1;
              const client = await webmqtt.connect(`${origin}/mqtt`, { reconnect: false });
              await client.subscribe("t", { qos: 1 }, () => {});
              await client.publish("t", "x", { qos: 1 });
              await client.end();
            }
          };
          await Promise.all([lane(), lane(), lane(), lane()]);
        },
        /** @type {const} */ ([server.origin, CONNECTIONS / PARTS]),
      );
      readings.push(await memory.read());
    }
    assert.equal(server.connections - before, CONNECTIONS);
    assertFlat(readings, `${CONNECTIONS.toLocaleString("en")} connections`, t);
  });

  add(`over ${MESSAGES.toLocaleString("en")} messages`, async ({ page }, t) => {
    const memory = await Memory.of(page);
    const readings = [];
    for (let part = 0; part < PARTS; part++) {
      const received = await page.evaluate(
        async ([origin, count]) => {
          const { webmqtt } = globalThis.bench;
          const kept = /** @type {any} */ (globalThis);
          kept.client ??= await webmqtt.connect(`${origin}/mqtt`);
          const client = kept.client;
          let received = 0;
          /** @type {(value: unknown) => void} */
          let done = () => {};
          const all = new Promise((resolve) => {
            done = resolve;
          });
          const subscription = await client.subscribe("flooded/#", { qos: 2 }, () => {
            received += 1;
            if (received === count) done(undefined);
          });
          await client.publish("flood", String(count));
          await all;
          await subscription.unsubscribe();
          return received;
        },
        /** @type {const} */ ([server.origin, MESSAGES / PARTS]),
      );
      assert.equal(received, MESSAGES / PARTS);
      readings.push(await memory.read());
    }
    assertFlat(readings, `${MESSAGES.toLocaleString("en")} messages`, t);
  });
});
