// What has changed between two payloads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { changes } from "../src/diff.ts";

const utf8 = (text) => new TextEncoder().encode(text);
const lines = (before, now) =>
  changes(utf8(before), utf8(now))?.map(({ kind, text }) => `${kind} ${text}`);

test("of JSON the values that changed, whatever the order of the names", () => {
  assert.deepEqual(lines('{"a":1,"b":{"c":[1,2]},"d":4}', '{"d":4,"b":{"c":[1,3]},"a":1}'), [
    "same b.c.0: 1",
    "gone b.c.1: 2",
    "new b.c.1: 3",
    "same d: 4",
  ]);
  assert.deepEqual(lines('{"a":1}', '{"a":1,"b":null}'), ["same a: 1", "new b: null"]);
});

test("of text the lines", () => {
  assert.deepEqual(lines("one\ntwo\nthree", "one\n2\nthree"), [
    "same one",
    "gone two",
    "new 2",
    "same three",
  ]);
  assert.deepEqual(lines("open", "closed"), ["gone open", "new closed"]);
});

test("nothing where nothing changed, of bytes, and of what is too long", () => {
  assert.equal(lines('{"a":1}', '{ "a": 1 }'), undefined);
  assert.equal(changes(new Uint8Array([255]), utf8("a")), undefined);
  assert.equal(lines("a\n".repeat(500), "b"), undefined);
  assert.ok(lines(`[${"1,".repeat(9_999)}1]`, "[]").length < 1_000);
  assert.equal(lines("x".repeat(70_000), "y"), undefined);
});
