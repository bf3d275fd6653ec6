// @ts-check
// A server that means harm: noise, floods, a packet without an end, aliases by the thousand, a million messages that nobody
// reads. Memory stays within bounds, every end has an error of its own, and the page lives on.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { heapOfPage } from "./harness/heap.mjs";
import { useLab } from "./harness/lab.mjs";
import { assertMqttError, resultOf } from "./harness/page_client.mjs";
import { TEST } from "./harness/patience.mjs";
import { Random } from "./harness/random.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectedPair, titleOf, VERSIONS } from "./suites/scripted.mjs";

/** @typedef {import("./harness/lab.mjs").Bench} Bench */
/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

const NOISES = 60;
const MESSAGES = 1_000_000;
const MEBIBYTE = 1024 * 1024;
/** A PUBLISH of 268,435,455 bytes to the topic `t`, as far as its payload. */
const ENDLESS = [0x30, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x01, 0x74, 0x00];

/** The module's memory in the page, in bytes. @param {Bench} bench */
const memory = (bench) => bench.page.evaluate(() => globalThis.ledger.memory());

/** A PUBLISH of MQTT 5 with QoS 0. @param {string} topic @param {string} payload @param {number} [alias] */
function message(topic, payload, alias) {
  const properties = alias === undefined ? [0] : [3, 0x23, alias >> 8, alias & 0xff];
  const body = [0, topic.length, ...Buffer.from(topic), ...properties, ...Buffer.from(payload)];
  assert.ok(body.length < 128);
  return Buffer.from([0x30, body.length, ...body]);
}

describe("a hostile server", () => {
  const lab = useLab();

  /** @param {string} name @param {(setup: { bench: Bench, server: ScriptedServer }) => Promise<void>} body */
  const add = (name, body) => {
    const run = lab.withPage(
      async (bench) => {
        const server = await ScriptedServer.start();
        try {
          await body({ bench, server });
          assert.deepEqual(bench.exceptions.items, []);
        } finally {
          await server.stop();
        }
      },
      { ledger: true },
    );
    test(name, { timeout: TEST }, run);
  };

  for (const version of VERSIONS) {
    add(
      `${titleOf(version)}: noise ends the connection with an error, and the next one works`,
      async (setup) => {
        const random = new Random(version);
        const { client, peer } = await connectedPair(setup, { version, keepalive: 0 });
        const bytes = () =>
          Uint8Array.from({ length: 1 + random.below(600) }, () => random.below(256));
        let next = peer;
        for (let nth = 0; nth < NOISES; nth++) {
          // Now and then what it begins like is a packet.
          const noise = bytes();
          const first = [0x30, 0x32, 0x34, 0x40, 0x62, 0x90, 0xe0, 0xf0][nth % 16];
          if (first !== undefined) noise.set([first, Math.min(127, noise.length)]);
          next.sendBytes(noise);
          // What looks like the beginning of something long is no error yet.
          await Promise.race([next.expectClose(), delay(30)]);
          next.drop();
          next = await setup.server.peer();
          await next.accept();
        }
        await client.untilState("connected", NOISES + 1);
        const { states } = await client.history();
        const ends = states.filter(({ state }) => state === "waiting");
        assert.equal(ends.length, NOISES);
        for (const { cause } of ends) {
          assert.ok(
            cause &&
              ["protocol-error", "connection-lost", "server-disconnect"].includes(cause.code),
            cause?.code,
          );
          assertMqttError(cause, cause.code);
        }
        assert.ok(ends.some(({ cause }) => cause?.code === "protocol-error"));
        const published = client.publish("t", "x", { qos: 1 });
        await next.acknowledgePublish();
        resultOf(await published);
      },
    );
  }

  add("a packet without an end is refused by its header where there is a limit", async (setup) => {
    const { client, peer } = await connectedPair(setup, { maximumPacketSize: MEBIBYTE });
    const before = await memory(setup.bench);
    peer.sendBytes(ENDLESS.slice(0, 5));
    await peer.expectClose();
    const { cause } = await client.untilState("waiting");
    assertMqttError(cause, "protocol-error", 0x95);
    assert.equal(await memory(setup.bench), before);
  });

  add(
    "a packet without an end costs what came of it, and the memory serves again",
    async (setup) => {
      const { client, peer } = await connectedPair(setup, { keepalive: 0 });
      const before = await memory(setup.bench);
      const drops = 16;
      const drop = Buffer.alloc(MEBIBYTE);
      const highest = [];
      let next = peer;
      for (let round = 1; round <= 3; round++) {
        next.sendBytes(ENDLESS);
        for (let nth = 0; nth < drops; nth++) next.sendBytes(drop);
        // The client has all of it when it answers what comes afterwards: nothing, so its end is what tells.
        next.close(1000);
        const { cause } = await client.untilState("waiting", round);
        assertMqttError(cause, "connection-lost");
        highest.push((await memory(setup.bench)) - before);
        next = await setup.server.peer();
        await next.accept();
        await client.untilState("connected", round + 1);
      }
      const [first, , last] = highest;
      // A buffer that grows is there twice for a moment, and the new one has twice the space.
      assert.ok(first !== undefined && first < 4 * drops * MEBIBYTE, `${first} bytes`);
      assert.equal(last, first, "the same memory each time");
    },
  );

  add("as many topic aliases as there are take no more than their topics", async (setup) => {
    const { bench, server } = setup;
    const next = server.peer();
    const opened = bench.page.evaluate(async (url) => {
      const options = { keepalive: 0, topicAliasMaximum: 65_535 };
      const client = await globalThis.bench.webmqtt.connect(url, options);
      let count = 0;
      const last = new Promise((resolve) => {
        const told = (/** @type {any} */ { topic, payload }) => {
          count += 1;
          if (payload.length > 0) resolve([topic, count]);
        };
        client.subscribe("#", {}, told);
      });
      Object.assign(globalThis, { last });
    }, server.url);
    const peer = await next;
    await peer.accept();
    await peer.grantSubscribe();
    await opened;
    const before = await memory(bench);
    for (let from = 1; from <= 65_535; from += 4096) {
      const all = Array.from({ length: Math.min(4096, 65_536 - from) }, (_, nth) => from + nth);
      peer.sendBytes(Buffer.concat(all.map((alias) => message(`topic/${alias}`, "", alias))));
    }
    peer.sendBytes(message("", "the last of them", 65_535));
    const last = await bench.page.evaluate(() => /** @type {any} */ (globalThis).last);
    assert.deepEqual(last, ["topic/65535", 65_536]);
    const grown = (await memory(bench)) - before;
    assert.ok(grown < 8 * MEBIBYTE, `${grown} bytes`);
    // One more than was allowed, where that is the default.
    const other = await connectedPair(setup, {});
    other.peer.sendBytes(message("topic", "", 17));
    const { cause } = await other.client.untilState("waiting");
    assertMqttError(cause, "protocol-error", 0x94);
  });

  add(
    "a million messages for an iterator that nobody reads are counted and dropped",
    async (setup) => {
      const { bench, server } = setup;
      const next = server.peer();
      const opened = bench.page.evaluate(async (url) => {
        const client = await globalThis.bench.webmqtt.connect(url, { keepalive: 0 });
        const options = { highWaterMark: 1_000, overflow: "drop-oldest" };
        const unread = await client.subscribe("retained/#", options);
        Object.assign(globalThis, { client, unread });
      }, server.url);
      const peer = await next;
      await peer.accept();
      await peer.grantSubscribe();
      await opened;
      const before = { heap: await heapOfPage(bench.page), wasm: await memory(bench) };
      const batch = Buffer.concat(
        Array.from({ length: 1_000 }, (_, nth) => message(`retained/${nth}`, "payload")),
      );
      // With RETAIN, as a server sends what it has kept.
      for (let at = 0; at < batch.length; at += 2 + (batch[at + 1] ?? 0)) batch[at] = 0x31;
      for (let sent = 0; sent < MESSAGES; sent += 1_000) peer.sendBytes(batch);
      const dropped = await bench.page.evaluate(async (all) => {
        const { unread } = /** @type {any} */ (globalThis);
        while (unread.dropped < all) await new Promise((resolve) => setTimeout(resolve, 20));
        return unread.dropped;
      }, MESSAGES - 1_000);
      assert.equal(dropped, MESSAGES - 1_000);
      const published = bench.page.evaluate(async () => {
        const { client } = /** @type {any} */ (globalThis);
        return (await client.publish("t", "x", { qos: 1 })).qos;
      });
      await peer.acknowledgePublish();
      assert.equal(await published, 1);
      const grown = {
        heap: (await heapOfPage(bench.page)) - before.heap,
        wasm: (await memory(bench)) - before.wasm,
      };
      assert.ok(grown.heap < 2 * MEBIBYTE, `${grown.heap} bytes of JavaScript`);
      assert.ok(grown.wasm < 2 * MEBIBYTE, `${grown.wasm} bytes of the module`);
    },
  );
});
