// @ts-check
// Where a Server Reference leads, as seen from our URL. The crate has its own code for it, which has to agree:
// `tests/redirects.rs`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createClient } from "../../pkg/dist/base64.js";

/** @typedef {import("../../pkg/dist/base64.js").WebSocketConstructor} WebSocketConstructor */

const TABLE = readFileSync(new URL("../redirects.tsv", import.meta.url), "utf8");

/** What a server says that is somewhere else now. @param {string} reference */
function connack(reference) {
  const text = new TextEncoder().encode(reference);
  return Uint8Array.of(
    0x20,
    text.length + 6,
    0,
    0x9c,
    text.length + 3,
    0x1c,
    0,
    text.length,
    ...text,
  );
}

/** Where a client goes whose server refuses it with this reference. @param {string} url @param {string} reference */
async function followed(url, reference) {
  /** @type {string[]} */
  const urls = [];
  class Socket {
    protocol = "mqtt";
    bufferedAmount = 0;
    /** @param {string} url */
    constructor(url) {
      urls.push(url);
      if (urls.length > 1) {
        throw new Error("this is as far as it goes");
      }
      queueMicrotask(() => this.onopen());
    }
    addEventListener() {}
    close() {}
    send() {
      queueMicrotask(() => this.onmessage({ data: connack(reference).buffer }));
    }
    onopen() {}
    /** @param {unknown} _ */
    onmessage(_) {}
  }
  const webSocket = /** @type {WebSocketConstructor} */ (/** @type {unknown} */ (Socket));
  const client = await createClient(url, { webSocket, redirects: 1, reconnect: false });
  const [{ reason }] = /** @type {[PromiseRejectedResult]} */ (
    await Promise.allSettled([client.connect()])
  );
  await client.end({ force: true });
  return { code: reason.code, url: urls[1] };
}

test("a Server Reference leads where the table says", async () => {
  const rows = TABLE.trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith("#"));
  assert.ok(rows.length > 50);
  for (const row of rows) {
    const [url = "", reference = "", expected = ""] = row.replaceAll("\\n", "\n").split("\t");
    const found = await followed(url, reference);
    assert.deepEqual(
      { ...found, url: found.url && new URL(found.url).href },
      expected
        ? { code: "unreachable", url: new URL(expected).href }
        : { code: "redirect-refused", url: undefined },
      row,
    );
  }
});
