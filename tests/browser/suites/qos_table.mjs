// @ts-check
// Every row of the table QoS x clean session: what is assured while the client is connected, and
// what it finds when it comes back after the connection was lost.

import assert from "node:assert/strict";
import { CuttableProxy } from "../harness/cuttable_proxy.mjs";
import { errorOf, resultOf } from "../harness/page_client.mjs";
import {
  assertAtLeastOnce,
  assertAtMostOnce,
  assertExactlyOnce,
  numbers,
} from "../harness/series.mjs";
import { quick } from "./broker_suite.mjs";

/** @typedef {import("./broker_suite.mjs").Ground} Ground */
/** @typedef {import("../harness/page_client.mjs").PageClient} PageClient */

/** Length of a series. */
const SERIES = 50;
/** A series that fits into any broker's window of unacknowledged messages. */
const WINDOW = 10;

/** A series that outlasts every cut of `CUTS`. */
const LONG = 400;
/** Bytes after which each connection is cut, beyond what opening one takes. */
const CUTS = [1_100, 1_350, 1_203, 1_871, 1_444, 1_999, 1_617, 2_222];

/** @type {(0 | 1 | 2)[]} */
const LEVELS = [0, 1, 2];

/** @param {Ground} ground */
export function qosTableTests(ground) {
  for (const qos of LEVELS) {
    if (qos === 2 && ground.facts.qos2[ground.version] === "refused") continue;
    for (const clean of [true, false]) row(ground, qos, clean);
  }
  if (ground.facts.qos2[ground.version] === "refused") qos2Refused(ground);
}

/**
 * Waits until everything that the client sent so far has been handled by the broker. It also makes
 * sure that there is a session to come back to: RabbitMQ keeps one only for a client that subscribes.
 * @param {PageClient} client @param {string} prefix
 */
async function settleSubscriptions(client, prefix) {
  resultOf(await client.subscribe(`${prefix}/settled`, { qos: 1 }));
}

/** @param {Ground} ground @param {0 | 1 | 2} qos @param {boolean} clean */
function row(ground, qos, clean) {
  const { version, facts, test, skip } = ground;
  const name = `QoS ${qos}, clean ${clean}`;
  /** What the broker really gives. @type {0 | 1 | 2} */
  const given = qos === 2 && facts.qos2[version] === "as-qos-1" ? 1 : qos;
  const options = { ...quick, version, clean };

  test(`${name}: a published series reaches the broker once and in order`, async (setup) => {
    const { bench, witness, prefix, url } = setup;
    await witness.subscribe(`${prefix}/#`, given);
    const client = await bench.connected(url, options);
    const results = await client.publishSeries(`${prefix}/out`, 1, SERIES, { qos });
    for (const result of results) assert.equal(resultOf(result).qos, given);
    resultOf(await client.publish(`${prefix}/out`, "marker", { qos }));
    const texts = await witness.until(`${prefix}/out`, "marker");
    assertExactlyOnce(texts.slice(0, -1), 1, SERIES);
    assert.ok(witness.messages.items.every((message) => message.qos === given));
    resultOf(await client.end());
  });

  test(`${name}: a series is received once and in order while connected`, async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const client = await bench.connected(url, options);
    const subscription = resultOf(await client.subscribe(`${prefix}/in`, { qos }));
    assert.equal(subscription.grant.qos, given);
    await witness.publishSeries(`${prefix}/in`, 1, SERIES, given);
    await witness.publish(`${prefix}/in`, "marker", { qos: given });
    const seen = await subscription.until("marker");
    assertExactlyOnce(
      seen.slice(0, -1).map((message) => message.text),
      1,
      SERIES,
    );
    assert.ok(seen.every((message) => message.qos === given && !message.dup && !message.retain));
    resultOf(await client.end());
  });

  const kept = qos > 0 && !clean;
  const offline = kept ? "finds every message" : "is owed nothing";
  test(`${name}: a client that was offline ${offline} of that time`, async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const proxy = await CuttableProxy.start(url);
    try {
      const client = await bench.connected(proxy.url, options);
      const subscription = resultOf(await client.subscribe(`${prefix}/in`, { qos }));
      proxy.shut();
      await client.untilState("waiting");
      await witness.publishSeries(`${prefix}/in`, 1, SERIES, given);
      proxy.reopen();
      await client.untilState("connected", 2);
      const [, again] = (await client.history()).connections;
      const lost = clean || (qos === 0 && facts.sessionsNeedQos1);
      assert.equal(again?.sessionPresent, !lost);
      await settleSubscriptions(client, prefix);
      await witness.publish(`${prefix}/in`, "marker", { qos: given });
      const texts = (await subscription.until("marker")).map((message) => message.text);
      assert.equal(texts.at(-1), "marker");
      if (kept) assertExactlyOnce(texts.slice(0, -1), 1, SERIES);
      else if (!clean && facts.keepsQos0) assertAtMostOnce(texts.slice(0, -1), 1, SERIES);
      else assert.deepEqual(texts, ["marker"]);
      resultOf(await client.end());
    } finally {
      await proxy.stop();
    }
  });

  test(`${name}: what is published offline is sent in order once connected`, async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const proxy = await CuttableProxy.start(url);
    try {
      await witness.subscribe(`${prefix}/out`, given);
      const client = await bench.connected(proxy.url, options);
      proxy.shut();
      await client.untilState("waiting");
      const publishing = client.publishSeries(`${prefix}/out`, 1, SERIES, { qos });
      proxy.reopen();
      for (const result of await publishing) assert.equal(resultOf(result).qos, given);
      resultOf(await client.publish(`${prefix}/out`, "marker", { qos }));
      const texts = await witness.until(`${prefix}/out`, "marker");
      assertExactlyOnce(texts.slice(0, -1), 1, SERIES);
      resultOf(await client.end());
    } finally {
      await proxy.stop();
    }
  });

  if (qos === 0 || clean) return;
  const assured = given === 2 ? "exactly once" : "at least once";

  test(`${name}: publishes whose acknowledgement was lost arrive ${assured}`, async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const proxy = await CuttableProxy.start(url);
    try {
      await witness.subscribe(`${prefix}/out`, given);
      const client = await bench.connected(proxy.url, options);
      await settleSubscriptions(client, prefix);
      proxy.loseServerBytes();
      const publishing = client.publishSeries(`${prefix}/out`, 1, WINDOW, { qos });
      if (given === 1) await witness.untilAll(`${prefix}/out`, WINDOW);
      proxy.cut();
      for (const result of await publishing) assert.equal(resultOf(result).qos, given);
      const [, again] = (await client.history()).connections;
      assert.equal(again?.sessionPresent, true);
      resultOf(await client.publish(`${prefix}/out`, "marker", { qos }));
      const texts = (await witness.until(`${prefix}/out`, "marker")).slice(0, -1);
      if (given === 2) assertExactlyOnce(texts, 1, WINDOW);
      else assert.deepEqual(texts, [...numbers(1, WINDOW), ...numbers(1, WINDOW)]);
      resultOf(await client.end());
    } finally {
      await proxy.stop();
    }
  });

  test(`${name}: messages whose acknowledgement was lost are seen ${assured}`, async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const proxy = await CuttableProxy.start(url);
    try {
      const client = await bench.connected(proxy.url, options);
      const subscription = resultOf(await client.subscribe(`${prefix}/in`, { qos }));
      proxy.loseClientBytes();
      // A receiver may hold a message of QoS 2 back until its PUBREL, so count bytes and not calls.
      const passed = proxy.passed(WINDOW * `${prefix}/in`.length);
      await witness.publishSeries(`${prefix}/in`, 1, WINDOW, given);
      await (given === 1 ? subscription.count(WINDOW) : passed);
      proxy.cut();
      await client.untilState("connected", 2);
      await settleSubscriptions(client, prefix);
      await witness.publish(`${prefix}/in`, "marker", { qos: given });
      const seen = (await subscription.until("marker")).slice(0, -1);
      const texts = seen.map((message) => message.text);
      if (given === 2) {
        assertExactlyOnce(texts, 1, WINDOW);
      } else {
        assertAtLeastOnce(texts, 1, WINDOW);
        assert.ok(seen.slice(WINDOW).every((message) => message.dup));
      }
      resultOf(await client.end());
    } finally {
      await proxy.stop();
    }
  });

  const survives = `${name}: a published series survives many cuts and arrives ${assured}`;
  if (given === 2 && facts.noPubRelAgain?.includes(version)) {
    skip(survives, "the broker answers a repeated PUBREL with a PUBCOMP of MQTT 5");
  } else {
    test(survives, async (setup) => {
      const { bench, witness, prefix, url } = setup;
      const proxy = await CuttableProxy.start(url);
      try {
        await witness.subscribe(`${prefix}/out`, given);
        proxy.cutAfter(CUTS);
        const client = await bench.connected(proxy.url, options);
        await settleSubscriptions(client, prefix);
        for (const result of await client.publishSeries(`${prefix}/out`, 1, LONG, { qos })) {
          assert.equal(resultOf(result).qos, given);
        }
        resultOf(await client.publish(`${prefix}/out`, "marker", { qos }));
        const texts = (await witness.until(`${prefix}/out`, "marker")).slice(0, -1);
        if (given === 2) assertExactlyOnce(texts, 1, LONG);
        else assertAtLeastOnce(texts, 1, LONG);
        assert.equal(proxy.cutsLeft, 0, "every cut took place");
        resultOf(await client.end());
      } finally {
        await proxy.stop();
      }
    });
  }

  test(`${name}: a received series survives many cuts and is seen ${assured}`, async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const proxy = await CuttableProxy.start(url);
    try {
      proxy.cutAfter(CUTS);
      const client = await bench.connected(proxy.url, options);
      const subscription = resultOf(await client.subscribe(`${prefix}/in`, { qos }));
      await witness.publishSeries(`${prefix}/in`, 1, LONG, given);
      await witness.publish(`${prefix}/in`, "marker", { qos: given });
      const seen = (await subscription.until("marker")).map((message) => message.text);
      const texts = seen.filter((text) => text !== "marker");
      if (given === 2) assertExactlyOnce(texts, 1, LONG);
      else assertAtLeastOnce(texts, 1, LONG);
      assert.equal(proxy.cutsLeft, 0, "every cut took place");
      resultOf(await client.end());
    } finally {
      await proxy.stop();
    }
  });
}

/** A broker of MQTT 5 that announces Maximum QoS 1. @param {Ground} ground */
function qos2Refused({ version, test }) {
  test("QoS 2 above the broker's Maximum QoS is refused before it is sent, or lowered if wanted", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    await witness.subscribe(`${prefix}/#`, 1);
    const client = await bench.connected(url, { ...quick, version });
    assert.equal((await client.history()).connections[0]?.maximumQoS, 1);
    errorOf(await client.publish(`${prefix}/out`, "refused", { qos: 2 }), "qos-not-supported");
    const lowered = await client.publish(`${prefix}/out`, "lowered", { qos: 2, lowerQos: true });
    assert.equal(resultOf(lowered).qos, 1);
    resultOf(await client.publish(`${prefix}/out`, "marker", { qos: 1 }));
    assert.deepEqual(await witness.until(`${prefix}/out`, "marker"), ["lowered", "marker"]);
    assert.equal((await client.history()).connections.length, 1);
    resultOf(await client.end());
  });

  test("a subscription asking for QoS 2 is granted 1 and works", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const client = await bench.connected(url, { ...quick, version });
    const subscription = resultOf(await client.subscribe(`${prefix}/in`, { qos: 2 }));
    assert.equal(subscription.grant.qos, 1);
    await witness.publishSeries(`${prefix}/in`, 1, SERIES, 1);
    const seen = await subscription.until(String(SERIES));
    assertExactlyOnce(
      seen.map((message) => message.text),
      1,
      SERIES,
    );
    resultOf(await client.end());
  });
}
