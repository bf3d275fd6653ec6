import assert from "node:assert/strict";
import { test } from "node:test";
import { hexDump, indentJson, kindOf, numbersIn, preview, textOf } from "../src/payload.ts";

const utf8 = (text) => new TextEncoder().encode(text);
const numbers = (text) => numbersIn(utf8(text)).map(({ path, value }) => [path, value]);

test("bytes are told apart as nothing, text, JSON and binary", () => {
  assert.equal(kindOf(utf8("")), "empty");
  assert.equal(kindOf(utf8("open\n")), "text");
  assert.equal(kindOf(utf8("21.5")), "text");
  assert.equal(kindOf(utf8(' {"a": 1}')), "json");
  assert.equal(kindOf(utf8('{"a": 1')), "text");
  assert.equal(kindOf(Uint8Array.of(0xff, 0xfe)), "binary");
  assert.equal(kindOf(utf8("a\0b")), "binary");
});

test("a character that the limit cuts off does not make text binary", () => {
  assert.equal(textOf(utf8("aé"), 2), "a");
  assert.equal(textOf(Uint8Array.of(0x61, 0xc3)), undefined);
});

test("a preview is one line, and hex for what is no text", () => {
  assert.equal(preview(utf8("one\n\ttwo")), "one two");
  assert.equal(preview(Uint8Array.of(0, 0xff)), "00 ff");
  assert.ok(preview(utf8("x".repeat(100_000))).length < 1_000);
});

test("indented JSON keeps every number as it came", () => {
  const text = '{"id":12345678901234567890,"e":1.0,"s":"a,\\"b\\":[","list":[1,[],{}]}';
  assert.equal(
    indentJson(text),
    [
      "{",
      '  "id": 12345678901234567890,',
      '  "e": 1.0,',
      '  "s": "a,\\"b\\":[",',
      '  "list": [',
      "    1,",
      "    [],",
      "    {}",
      "  ]",
      "}",
    ].join("\n"),
  );
  assert.deepEqual(JSON.parse(indentJson(text)), JSON.parse(text));
});

test("deep nesting does not blow a payload up", () => {
  const deep = "[".repeat(2_000) + "]".repeat(2_000);
  assert.ok(indentJson(deep).length < 400_000);
  const deeper = "[".repeat(60_000) + "]".repeat(60_000);
  assert.ok(indentJson(deeper).length < 700_000);
  assert.equal(indentJson(deeper).replace(/\s/g, ""), deeper);
});

test("a hex dump shows offset, bytes and characters", () => {
  const [first, second] = hexDump(utf8("0123456789abcdef!")).split("\n");
  assert.match(first, /^000000 {2}30 31 .* 66 {2}0123456789abcdef$/);
  assert.match(second, /^000010 {2}21 +!$/);
  assert.match(hexDump(new Uint8Array(100_000)), /… \d+ bytes more$/);
});

test("numbers are found as the whole payload and as fields of JSON", () => {
  assert.deepEqual(numbers("21.5"), [["", 21.5]]);
  assert.deepEqual(numbers(" -1e3\n"), [["", -1000]]);
  assert.deepEqual(numbers('{"watts":310,"phase":{"a":1,"name":"x"}}'), [
    ["watts", 310],
    ["phase.a", 1],
  ]);
  assert.deepEqual(numbers("[4,5]"), [
    ["0", 4],
    ["1", 5],
  ]);
});

test("what only looks like a number is none", () => {
  for (const text of [
    "",
    "open",
    "21.5 °C",
    "0x10",
    "Infinity",
    "1,5",
    "1.2.3",
    "{",
    "--1",
    "true",
  ]) {
    assert.deepEqual(numbers(text), [], text);
  }
  assert.deepEqual(numbersIn(utf8(`[${"1,".repeat(4_000)}1]`)), []);
});

test("a payload brings a handful of series at most", () => {
  assert.equal(numbers(`[${"1,".repeat(500)}1]`).length, 8);
});
