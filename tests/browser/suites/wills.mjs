// @ts-check
// Last wills: published when the client is cut off, not published when it says goodbye.

import assert from "node:assert/strict";
import { CuttableProxy } from "../harness/cuttable_proxy.mjs";
import { resultOf } from "../harness/page_client.mjs";
import { uniqueName, Witness } from "../harness/witness.mjs";
import { quick } from "./broker_suite.mjs";

/** @param {import("./broker_suite.mjs").Ground} ground */
export function willTests({ version, facts, test }) {
  /** @param {string} prefix */
  const optionsOf = (prefix) => ({
    ...quick,
    version,
    clientId: uniqueName("will"),
    will: { topic: `${prefix}/will`, payload: "gone", qos: 1, retain: true },
  });

  test("a connection that is cut publishes the will", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const proxy = await CuttableProxy.start(url);
    try {
      await witness.subscribe(`${prefix}/will`, 1);
      const client = await bench.connected(proxy.url, optionsOf(prefix));
      proxy.shut();
      assert.deepEqual(await witness.until(`${prefix}/will`, "gone"), ["gone"]);
      await client.untilState("waiting");
      await witness.publish(`${prefix}/will`, "", { qos: 1, retain: true });
      resultOf(await client.end());
    } finally {
      await proxy.stop();
    }
  });

  test("a page that is closed publishes the will, retained as asked for", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    await witness.subscribe(`${prefix}/will`, 1);
    await bench.connected(url, optionsOf(prefix));
    await bench.page.close();
    assert.deepEqual(await witness.until(`${prefix}/will`, "gone"), ["gone"]);
    const later = await Witness.connect(url, { version });
    try {
      await later.subscribe(`${prefix}/will`, 1);
      await later.until(`${prefix}/will`, "gone");
      assert.equal(later.messages.items[0]?.retain, true);
    } finally {
      await later.end();
    }
    await witness.publish(`${prefix}/will`, "", { qos: 1, retain: true });
  });

  if (version === 5) {
    test("end() with reason code 4 publishes the will", async (setup) => {
      const { bench, witness, prefix, url } = setup;
      await witness.subscribe(`${prefix}/will`, 1);
      const client = await bench.connected(url, optionsOf(prefix));
      resultOf(await client.end({ reasonCode: 4, reasonString: "a test" }));
      assert.deepEqual(await witness.until(`${prefix}/will`, "gone"), ["gone"]);
      await witness.publish(`${prefix}/will`, "", { qos: 1, retain: true });
    });
  }

  if (facts.willAfterDisconnect) return;
  test("end() publishes no will", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    await witness.subscribe(`${prefix}/will`, 1);
    const client = await bench.connected(url, optionsOf(prefix));
    const { clientId } = client;
    resultOf(await client.end());
    // The broker has to be done with the old connection before it accepts the client id again.
    const successor = await Witness.connect(url, { version, clientId });
    await successor.end();
    await witness.publish(`${prefix}/will`, "marker", { qos: 1 });
    assert.deepEqual(await witness.until(`${prefix}/will`, "marker"), ["marker"]);
  });
}
