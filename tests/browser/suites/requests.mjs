// @ts-check
// Requests and responses through a broker, between two clients and within one.

import assert from "node:assert/strict";
import { errorOf, resultOf } from "../harness/page_client.mjs";
import { quick } from "./broker_suite.mjs";

/** @param {import("./broker_suite.mjs").Ground} ground */
export function requestTests({ version, test }) {
  const options = { ...quick, version };

  if (version !== 5) {
    test("a request is refused, since only MQTT 5 has them", async (setup) => {
      const { bench, prefix, url } = setup;
      const client = await bench.connected(url, options);
      errorOf(await client.request(`${prefix}/echo`, "x"), "properties-version");
      assert.equal(await client.state(), "connected");
      resultOf(await client.end());
    });
    return;
  }

  test("every request gets its own response", async (setup) => {
    const { bench, prefix, url } = setup;
    const service = await bench.connected(url, options);
    resultOf(await service.serve(`${prefix}/echo`, { qos: 1 }));
    const client = await bench.connected(url, options);
    const texts = ["one", "two", "three"];
    const responses = await Promise.all(
      texts.map((text) => client.request(`${prefix}/echo`, text, { qos: 1 })),
    );
    assert.deepEqual(
      responses.map((outcome) => resultOf(outcome).text),
      texts.map((text) => `echo of ${text}`),
    );
    const own = resultOf(await service.request(`${prefix}/echo`, "myself"));
    assert.equal(own.text, "echo of myself");
    assert.equal(own.topic, `webmqtt/${service.clientId}/reply`);
    resultOf(await client.end());
    resultOf(await service.end());
  });

  test("a request that nobody answers fails in time, and can be aborted by the end", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    await witness.subscribe(`${prefix}/silence`, 1);
    const client = await bench.connected(url, options);
    // The first one waits for the subscription to the responses; the next ones leave at once.
    const open = client.request(`${prefix}/silence`, "hello", { qos: 1 });
    assert.deepEqual(await witness.until(`${prefix}/silence`, "hello"), ["hello"]);
    const late = await client.request(`${prefix}/silence`, "second", { qos: 1, timeout: 300 });
    errorOf(late, "request-timeout");
    await witness.until(`${prefix}/silence`, "second");
    errorOf(await client.request(`${prefix}/silence`, "x", { timeout: 0 }), "option-invalid");
    resultOf(await client.end());
    errorOf(await open, "closed");
  });
}
