// @ts-check
// Retained messages: set, seen by a subscriber that comes later, cleared.

import assert from "node:assert/strict";
import { resultOf } from "../harness/page_client.mjs";
import { quick } from "./broker_suite.mjs";

/** @param {import("./broker_suite.mjs").Ground} ground */
export function retainedTests({ version, facts, test }) {
  const options = { ...quick, version };

  test("a retained message is seen by a later subscriber, flagged as retained", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const publisher = await bench.connected(url, options);
    const topic = `${prefix}/retained`;
    resultOf(await publisher.publish(topic, "kept", { qos: 1, retain: true }));
    const reader = await bench.connected(url, options);
    const subscription = resultOf(await reader.subscribe(topic, { qos: 1 }));
    const [kept] = await subscription.until("kept");
    assert.deepEqual(kept, { topic, text: "kept", qos: 1, retain: true, dup: false });
    await witness.publish(topic, "live", { qos: 1, retain: true });
    const [, live] = await subscription.until("live");
    assert.equal(live?.retain, false, "a subscriber that is already there sees no retain flag");
    resultOf(await publisher.publish(topic, "", { qos: 1, retain: true }));
    resultOf(await publisher.end());
    resultOf(await reader.end());
  });

  test("an empty retained message clears the topic", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const publisher = await bench.connected(url, options);
    const topic = `${prefix}/cleared`;
    resultOf(await publisher.publish(topic, "old", { qos: 1, retain: true }));
    await witness.subscribe(topic, 1);
    await witness.until(topic, "old");
    resultOf(await publisher.publish(topic, "", { qos: 1, retain: true }));
    const reader = await bench.connected(url, options);
    const subscription = resultOf(await reader.subscribe(topic, { qos: 1 }));
    await witness.publish(topic, "marker", { qos: 1 });
    const seen = await subscription.until("marker");
    assert.deepEqual(
      seen.map((message) => message.text),
      ["marker"],
    );
    resultOf(await publisher.end());
    resultOf(await reader.end());
  });

  const reach = facts.retainedByWildcard ? "reach" : "do not reach (this broker's limit)";
  test(`retained messages ${reach} a new subscription with a wildcard`, async (setup) => {
    const { bench, witness, prefix, url } = setup;
    await witness.publish(`${prefix}/a/x`, "first", { qos: 1, retain: true });
    await witness.publish(`${prefix}/b/x`, "second", { qos: 1, retain: true });
    const client = await bench.connected(url, options);
    const subscription = resultOf(await client.subscribe(`${prefix}/+/x`, { qos: 1 }));
    if (facts.retainedByWildcard) await subscription.count(2);
    await witness.publish(`${prefix}/c/x`, "marker", { qos: 1 });
    const texts = (await subscription.until("marker")).map((message) => message.text);
    const expected = facts.retainedByWildcard ? ["first", "marker", "second"] : ["marker"];
    assert.deepEqual(texts.sort(), expected);
    await witness.publish(`${prefix}/a/x`, "", { qos: 1, retain: true });
    await witness.publish(`${prefix}/b/x`, "", { qos: 1, retain: true });
    resultOf(await client.end());
  });
}
