// @ts-check
// Which messages reach which subscription: wildcards, overlaps, several filters, unsubscribing,
// payloads of any size.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { resultOf } from "../harness/page_client.mjs";
import { uniqueName, Witness } from "../harness/witness.mjs";
import { highestQos, quick } from "./broker_suite.mjs";

/** @typedef {import("../harness/page_client.mjs").Seen} Seen */

const MEBIBYTE = 1024 * 1024;

/** @param {Seen[]} seen */
const topicsOf = (seen) => seen.map((message) => message.topic);
/** @param {Seen[]} seen */
const textsOf = (seen) => seen.map((message) => message.text);

/** @param {import("./broker_suite.mjs").Ground} ground */
export function routingTests(ground) {
  const { version, facts, test } = ground;
  const options = { ...quick, version };

  test("+ matches exactly one level and # any number of them", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const client = await bench.connected(url, options);
    const plus = resultOf(await client.subscribe(`${prefix}/+/temp`, { qos: 1 }));
    const hash = resultOf(await client.subscribe(`${prefix}/home/#`, { qos: 1 }));
    const exact = resultOf(await client.subscribe(`${prefix}/home/temp`, { qos: 1 }));
    const topics = ["home/temp", "home", "home/a/temp", "office/temp", "office/a/temp", "/temp"];
    for (const topic of topics) await witness.publish(`${prefix}/${topic}`, "value", { qos: 1 });
    await witness.publish(`${prefix}/home/temp`, "marker", { qos: 1 });
    /** @param {string[]} names */
    const full = (names) => names.map((name) => `${prefix}/${name}`);
    const unique = (/** @type {Seen[]} */ seen) => [...new Set(topicsOf(seen))];
    assert.deepEqual(
      unique(await plus.until("marker")),
      full(["home/temp", "office/temp", "/temp"]),
    );
    assert.deepEqual(
      unique(await hash.until("marker")),
      full(["home/temp", "home", "home/a/temp"]),
    );
    assert.deepEqual(unique(await exact.until("marker")), full(["home/temp"]));
    resultOf(await client.end());
  });

  test("W-4: overlapping subscriptions each get the copies that are meant for them, once", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const peer = await Witness.connect(url, { version, clientId: uniqueName("overlap") });
    try {
      await peer.subscribe(`${prefix}/a/+`, 1);
      await peer.subscribe(`${prefix}/a/#`, 1);
      const client = await bench.connected(url, options);
      const plus = resultOf(await client.subscribe(`${prefix}/a/+`, { qos: 1 }));
      const hash = resultOf(await client.subscribe(`${prefix}/a/#`, { qos: 1 }));
      const several = resultOf(
        await client.subscribe([`${prefix}/a/b`, `${prefix}/+/b`], { qos: 1 }),
      );
      await witness.publish(`${prefix}/a/b`, "once", { qos: 1 });
      await witness.publish(`${prefix}/a/b`, "marker", { qos: 1 });
      await witness.publish(`${prefix}/a/b`, "last", { qos: 1 });
      await peer.until(`${prefix}/a/b`, "last");
      const copies = peer.texts(`${prefix}/a/b`).filter((text) => text === "once").length;
      assert.equal(copies > 1, facts.copyPerSubscription.includes(version), `${copies} copies`);
      // With MQTT 5 each copy is for the subscription that it was sent for; a call with two filters has two of them.
      // In 3.1.1 nothing tells one copy from another, and there are four.
      for (const [subscription, filters] of /** @type {const} */ ([
        [plus, 1],
        [hash, 1],
        [several, 2],
      ])) {
        const seen = textsOf(await subscription.until("last"));
        const got = seen.filter((text) => text === "once").length;
        assert.equal(
          got,
          copies === 1 ? 1 : version === 5 ? filters : 4,
          `${subscription.grant.filters}: ${seen}`,
        );
      }
      resultOf(await client.end());
    } finally {
      await peer.end();
    }
  });

  test("one subscription with several filters gets the messages of all of them", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const client = await bench.connected(url, options);
    const filters = [`${prefix}/a`, `${prefix}/b/+`, `${prefix}/c/#`];
    const subscription = resultOf(await client.subscribe(filters, { qos: 1 }));
    assert.deepEqual(
      subscription.grant.results,
      filters.map((filter) => ({ filter, qos: 1, error: undefined })),
    );
    for (const topic of ["a", "b/1", "c/1/2", "d"]) {
      await witness.publish(`${prefix}/${topic}`, "value", { qos: 1 });
    }
    await witness.publish(`${prefix}/a`, "marker", { qos: 1 });
    const topics = topicsOf(await subscription.until("marker"));
    assert.deepEqual(topics, [`${prefix}/a`, `${prefix}/b/1`, `${prefix}/c/1/2`, `${prefix}/a`]);
    resultOf(await client.end());
  });

  test("every filter of a call can have options of its own", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const client = await bench.connected(url, options);
    const subscription = resultOf(
      await client.subscribe([`${prefix}/a`, { filter: `${prefix}/b`, qos: 0 }], { qos: 1 }),
    );
    assert.deepEqual(
      subscription.grant.results.map(({ qos }) => qos),
      [1, 0],
    );
    await witness.publish(`${prefix}/a`, "assured", { qos: 1 });
    await witness.publish(`${prefix}/b`, "plain", { qos: 1 });
    const seen = await subscription.until("plain");
    assert.deepEqual(
      seen.map(({ text, qos }) => [text, qos]),
      [
        ["assured", 1],
        ["plain", 0],
      ],
    );
    resultOf(await client.end());
  });

  test("after unsubscribing nothing more arrives, and a shared filter stays", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const client = await bench.connected(url, options);
    const topic = `${prefix}/a`;
    const gone = resultOf(await client.subscribe(topic, { qos: 1 }));
    const twin = resultOf(await client.subscribe(topic, { qos: 1 }));
    const other = resultOf(await client.subscribe(`${prefix}/other`, { qos: 1 }));
    resultOf(await gone.unsubscribe());
    await witness.publish(topic, "for the twin", { qos: 1 });
    await twin.until("for the twin");
    assert.deepEqual(await gone.seen(), []);
    resultOf(await twin.unsubscribe());
    await witness.publish(topic, "for nobody", { qos: 1 });
    await witness.publish(`${prefix}/other`, "marker", { qos: 1 });
    await other.until("marker");
    assert.deepEqual(textsOf(await twin.seen()), ["for the twin"]);
    assert.deepEqual(await gone.seen(), []);
    resultOf(await client.end());
  });

  test("topics and payloads of any Unicode text pass unchanged", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const topic = `${prefix}/küche/温度/🌡️/a b`;
    await witness.subscribe(topic, 1);
    const client = await bench.connected(url, options);
    const subscription = resultOf(await client.subscribe(topic, { qos: 1 }));
    resultOf(await client.publish(topic, "21,5 °C — žluťoučký 🐎", { qos: 1 }));
    const [seen] = await subscription.count(1);
    assert.equal(seen?.text, "21,5 °C — žluťoučký 🐎");
    assert.equal(seen?.topic, topic);
    assert.deepEqual(await witness.until(topic, "21,5 °C — žluťoučký 🐎"), [seen?.text]);
    resultOf(await client.end());
  });

  if (!facts.largePayloads) return;
  for (const qos of new Set(/** @type {(0 | 1 | 2)[]} */ ([0, 1, highestQos(ground)]))) {
    test(`a payload of 1 MiB passes intact both ways with QoS ${qos}`, async (setup) => {
      const { bench, witness, prefix, url } = setup;
      await witness.subscribe(`${prefix}/large`, qos);
      const client = await bench.connected(url, options);
      const echoed = await client.subscribeForDigest(`${prefix}/back`, { qos });
      resultOf(await client.publish(`${prefix}/large`, { pattern: MEBIBYTE }, { qos }));
      await witness.until(`${prefix}/large`, `${MEBIBYTE} bytes`);
      const bytes = witness.messages.items[0]?.bytes ?? Buffer.alloc(0);
      const digest = createHash("sha256").update(bytes).digest("hex");
      const expected = await bench.page.evaluate(
        (length) => globalThis.bench.calls.patternDigest(length),
        MEBIBYTE,
      );
      assert.equal(digest, expected);
      await witness.publish(`${prefix}/back`, bytes, { qos });
      assert.deepEqual(await echoed.digest(), { length: MEBIBYTE, digest: expected });
      resultOf(await client.end());
    });
  }
}
