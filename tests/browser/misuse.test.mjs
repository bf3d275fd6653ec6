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
        any.subscribe("a", { highWaterMark: Number.NaN }),
        any.subscribe("a", { highWaterMark: "10" }),
        any.subscribe("a", { overflow: "drop-all" }),
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
    assert.deepEqual(codes.slice(0, -1), Array(9).fill("option-invalid"));
    assert.match(String(codes.at(-1)), /^(option-invalid|no-filters)$/);
  });

  test("unsubscribing in words that the version lacks ends nothing and can be tried again", async (setup) => {
    const { bench, server } = setup;
    const next = server.peer();
    const found = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url, { version: 4 });
      const subscription = await client.subscribe("t");
      const code = await subscription.unsubscribe({ userProperties: [["a", "b"]] }).then(
        () => "accepted",
        (/** @type {any} */ error) => error.code,
      );
      const reading = subscription[Symbol.asyncIterator]().next();
      await client.publish("ready");
      const { value } = await reading;
      const { results } = await subscription.unsubscribe();
      return { code, text: value.text(), results: results.length };
    }, server.url);
    const peer = await next;
    await peer.accept();
    await peer.grantSubscribe();
    await peer.expect("publish");
    peer.send({ cmd: "publish", topic: "t", payload: "x", qos: 0, dup: false, retain: false });
    const { messageId } = await peer.expect("unsubscribe");
    peer.send({ cmd: "unsuback", messageId });
    const { code, ...rest } = await found;
    assert.match(code, /version/);
    assert.deepEqual(rest, { text: "x", results: 1 });
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
    const codes = await bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const codeOf = (/** @type {any} */ error) => error.code;
      const controller = new AbortController();
      const { signal } = controller;
      const client = await webmqtt.createClient(url, { signal });
      controller.abort();
      const failed = await client.connect().catch(codeOf);
      await client.end();
      return [failed, await webmqtt.createClient(url, { signal }).catch(codeOf)];
    }, NOBODY);
    assert.deepEqual(codes, ["aborted", "aborted"]);
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
