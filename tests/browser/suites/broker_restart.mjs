// @ts-check
// A broker that is killed and comes back: nothing that was published with QoS 1 may be lost, and
// subscriptions must work again.

import assert from "node:assert/strict";
import { CuttableProxy } from "../harness/cuttable_proxy.mjs";
import { resultOf } from "../harness/page_client.mjs";
import { assertAtLeastOnce } from "../harness/series.mjs";
import { uniqueName, Witness } from "../harness/witness.mjs";
import { quick } from "./broker_suite.mjs";

const PATIENCE = 120_000;

/** @param {import("./broker_suite.mjs").Ground} ground */
export function brokerRestartTests({ version, facts, broker, test }) {
  if (!facts.restarts) return;

  test("a broker killed and restarted under QoS 1 traffic loses nothing", async (setup) => {
    const { bench, prefix, url } = setup;
    const topic = `${prefix}/flow`;
    // Where a killed broker forgets what it acknowledged, the witness must have its copy before the
    // publisher has its acknowledgement: Mosquitto promises that on plain TCP with QoS 0 only.
    const direct = facts.persists ? undefined : broker().tcpUrl;
    assert.ok(facts.persists || direct, "the broker has a plain MQTT listener");
    const counter = await Witness.connect(direct ?? url, {
      version,
      clientId: uniqueName("counter"),
      clean: false,
    });
    const proxy = await CuttableProxy.start(url);
    try {
      await counter.subscribe(topic, facts.persists ? 1 : 0);
      const client = await bench.connected(proxy.url, { ...quick, version, clean: false });
      const flow = await client.startFlow(topic, 10, { qos: 1 });
      await flow.acknowledged(200);
      for (const round of [1, 2]) {
        await broker().kill();
        await client.untilState("waiting", round);
        proxy.shut();
        await broker().launch();
        const { sessionPresent } = await counter.connected(round + 1);
        if (facts.persists) assert.ok(sessionPresent);
        // Twice RabbitMQ still had the session and acknowledged all that was published, but gave the witness none of it in
        // this connection and the next, as if the subscription had been lost when it was killed. The witness has another
        // filter each time: MQTT.js does not send a SUBSCRIBE for one that it has.
        await counter.subscribe(`${prefix}/${["+", "#"][round - 1]}`, facts.persists ? 1 : 0);
        proxy.reopen();
        await client.untilState("connected", round + 1);
        await flow.acknowledged((round + 1) * 200);
      }
      const { last, acknowledged, failures } = await flow.stop();
      assert.deepEqual(failures, []);
      assert.equal(acknowledged, last);
      const texts = await counter.untilAll(topic, last, PATIENCE);
      assertAtLeastOnce(texts, 1, last);
      resultOf(await client.end());
    } finally {
      await proxy.stop();
      await counter.end();
    }
  });

  test("after a restart that lost the session, every subscription works again", async (setup) => {
    const { bench, prefix, url } = setup;
    const client = await bench.connected(url, { ...quick, version, clean: true });
    const first = resultOf(await client.subscribe(`${prefix}/first/+`, { qos: 1 }));
    const second = resultOf(await client.subscribe([`${prefix}/second`, `${prefix}/third`]));
    const dropped = resultOf(await client.subscribe(`${prefix}/dropped`));
    resultOf(await dropped.unsubscribe());
    await broker().kill();
    await client.untilState("waiting");
    await broker().launch();
    await client.untilState("connected", 2);
    const [, again] = (await client.history()).connections;
    assert.equal(again?.sessionPresent, false);
    const marker = resultOf(await client.subscribe(`${prefix}/marker`, { qos: 1 }));
    const witness = await Witness.connect(broker().url, { version });
    try {
      await witness.publish(`${prefix}/first/a`, "one", { qos: 1 });
      await witness.publish(`${prefix}/second`, "two");
      await witness.publish(`${prefix}/third`, "three");
      await witness.publish(`${prefix}/dropped`, "nobody");
      await witness.publish(`${prefix}/marker`, "marker", { qos: 1 });
      await first.until("one");
      await second.until("three");
      await marker.until("marker");
      assert.equal((await first.seen()).length, 1);
      assert.equal((await second.seen()).length, 2);
      assert.deepEqual(await dropped.seen(), []);
      resultOf(await client.end());
    } finally {
      await witness.end();
    }
  });
}
