// @ts-check
// Calls that JavaScript lets pass and types would not, and calls made while there is no connection.

import assert from "node:assert/strict";
import { describeScripted } from "./suites/scripted.mjs";

/** Nobody listens there. */
const NOBODY = "ws://127.0.0.1:9/";

describeScripted("what a client does not let pass, and does not wait for", (test) => {
  test("values that a conversion would change are refused, and nothing is thrown at once", async ({
    bench,
  }) => {
    const codes = await bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      const detached = new ArrayBuffer(8);
      structuredClone(detached, { transfer: [detached] });
      /** @type {any} */
      const any = client;
      const calls = [
        any.publish("a", "x", { qos: 256 }),
        any.publish("a", "x", { qos: 1.5 }),
        any.publish("a", "x", { qos: "1" }),
        any.publish("a", "x", { userProperties: { a: "b" } }),
        any.publish("a", detached),
        any.subscribe("a", { qos: 257 }),
        any.subscribe("a", { retainHandling: 16 }),
        any.subscribe(undefined),
      ];
      /** @param {Promise<unknown>} call */
      const code = (call) =>
        call.then(
          () => "accepted",
          (error) => error.code,
        );
      const found = await Promise.all(calls.map(code));
      await client.end();
      return found;
    }, NOBODY);
    const detached = codes.splice(4, 1);
    assert.deepEqual(detached, ["payload-invalid"]);
    assert.deepEqual(codes.slice(0, -1), Array(6).fill("option-invalid"));
    assert.match(String(codes.at(-1)), /^(option-invalid|no-filters)$/);
  });

  test("a subscribe that waits for a connection is settled by end()", async ({ bench }) => {
    const code = await bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      const subscribing = client.subscribe("a").catch((/** @type {any} */ error) => error.code);
      await client.end();
      return subscribing;
    }, NOBODY);
    assert.equal(code, "closed");
  });

  test("the signal of createClient() ends connecting", async ({ bench }) => {
    const code = await bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const signal = AbortSignal.abort();
      const client = await webmqtt.createClient(url, { signal });
      const failed = await client.connect().catch((/** @type {any} */ error) => error.code);
      await client.end();
      return failed;
    }, NOBODY);
    assert.equal(code, "aborted");
  });

  test("text that UTF-8 cannot express is no topic and no filter", async ({ bench }) => {
    const found = await bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      await (await webmqtt.createClient(url)).end();
      const { isTopic, isFilter, matches } = webmqtt;
      return [
        isTopic("a"),
        isTopic("a\ud800"),
        isFilter("a/#"),
        isFilter("\ud800/#"),
        matches("a/#", "a/b"),
      ];
    }, NOBODY);
    assert.deepEqual(found, [true, false, true, false, true]);
  });
});
