// @ts-check
// Payloads as text, JSON, bytes and streams, and what is read before it is sent.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseJson, read } from "../../pkg/dist/payload.js";
import { describeInNode } from "./suites/in_node.mjs";

const encoder = new TextEncoder();

/** @param {string[]} texts */
async function* pieces(...texts) {
  for (const text of texts) yield encoder.encode(text);
}

/** @param {Uint8Array} bytes */
const text = (bytes) => new TextDecoder().decode(bytes);

describeInNode("a message", (test) => {
  test("gives its payload as text, JSON, bytes and a stream", async ({ connected }) => {
    const { client, peer } = await connected();
    const subscribing = client.subscribe("a");
    await peer.grantSubscribe();
    const subscription = await subscribing;
    peer.send({ cmd: "publish", topic: "a", payload: '{"at":[1,2]}', qos: 0 });
    for await (const message of subscription) {
      assert.equal(message.text(), '{"at":[1,2]}');
      assert.deepEqual(message.payload, encoder.encode('{"at":[1,2]}'));
      assert.deepEqual(message.json(), { at: [1, 2] });
      const doubled = message.json((_, value) => (typeof value === "number" ? value * 2 : value));
      assert.deepEqual(doubled, { at: [2, 4] });
      assert.equal(await new Response(message.stream()).text(), '{"at":[1,2]}');
      break;
    }
  });
});

describe("what is read", () => {
  test("comes whole from everything that comes in pieces", async () => {
    const stream = () => new Blob(["one ", "two"]).stream();
    for (const source of [
      new Blob(["one ", "two"]),
      new Response("one two"),
      stream(),
      pieces("one ", "", "two"),
    ]) {
      assert.equal(text(await read(source)), "one two");
    }
    assert.equal((await read(new Response(null))).length, 0);
  });

  test("is no more than the limit, and the rest is not asked for", async () => {
    assert.equal((await read(pieces("1234", "5678"), { limit: 8 })).length, 8);
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(1000);
      } finally {
        closed = true;
      }
    }
    await assert.rejects(read(endless(), { limit: 5000 }), RangeError);
    assert.ok(closed);
  });

  test("is given up when the signal says so", async () => {
    /** @type {unknown} */
    let cancelled;
    const silent = () =>
      new ReadableStream({
        cancel(reason) {
          cancelled = reason;
        },
      });
    const controller = new AbortController();
    const reading = read(silent(), { signal: controller.signal });
    controller.abort("enough");
    await assert.rejects(reading, { code: "aborted", cause: "enough" });
    assert.equal(/** @type {{ code?: string }} */ (cancelled).code, "aborted");
    await assert.rejects(read(silent(), { signal: AbortSignal.abort() }), { code: "aborted" });
  });

  test("fails as its source does", async () => {
    async function* broken() {
      yield new Uint8Array(1);
      throw new Error("the disk is gone");
    }
    await assert.rejects(read(broken()), /the disk is gone/);
  });
});

describe("JSON with exact integers", () => {
  test("has BigInts where numbers would round, and is as usual elsewhere", () => {
    assert.deepEqual(parseJson("9007199254740993"), 9007199254740993n);
    assert.deepEqual(parseJson("-18446744073709551615"), -18446744073709551615n);
    const value = {
      "9007199254740993": "9007199254740993",
      '\\"\u0000 12345678901234567890': ["\u0000", "\u0000\u000042", '"', "\\"],
      safe: [9007199254740991, -9007199254740991, 1e22, 0.12345678901234568, -0],
      rest: [true, null, "", {}],
    };
    const json = JSON.stringify(value);
    assert.deepEqual(parseJson(json), JSON.parse(json));
    assert.deepEqual(
      parseJson('{"id" : 1234567890123456789 , "of":[12345678901234567890.5,1e400]}'),
      {
        id: 1234567890123456789n,
        of: [12345678901234567000, Number.POSITIVE_INFINITY],
      },
    );
  });

  test("refuses what is no JSON", () => {
    for (const json of [
      "",
      "01234567890123456789",
      "+1234567890123456789",
      "--1234567890123456789",
      "1234567890123456789.",
      "1234567890123456789x",
      '"1234567890123456789',
      "{1234567890123456789: 1}",
      '{"a" 1234567890123456789}',
      "[1234567890123456789 1234567890123456789]",
      '"\u0000"',
    ]) {
      assert.throws(() => parseJson(json), SyntaxError, json);
    }
  });
});
