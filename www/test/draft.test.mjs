import assert from "node:assert/strict";
import { test } from "node:test";
import { draftOf, EMPTY, filled, payloadOf, publishOptions, toDraft } from "../src/draft.ts";

const payload = (format, text, more = {}) =>
  payloadOf({ ...EMPTY, format, payload: text, ...more }, 7);

test("a payload is what it is typed as", () => {
  assert.equal(payload("text", "on {{count}}"), "on {{count}}");
  assert.deepEqual(payload("hex", "0x00 ff:1A\n2b"), Uint8Array.of(0, 255, 0x1a, 0x2b));
  assert.deepEqual(payload("base64", "_wA="), Uint8Array.of(255, 0));
  assert.equal(payload("json", '{"id":18446744073709551615}'), '{"id":18446744073709551615}');
});

test("a payload that is not what it is typed as is an error in words", () => {
  assert.throws(() => payload("hex", "0"), /two digits/);
  assert.throws(() => payload("hex", "xy"), /no hex/);
  assert.throws(() => payload("base64", "%"), /no Base64/);
  assert.throws(() => payload("json", "{"), /no JSON/);
});

test("placeholders are filled in where that is asked for", () => {
  assert.equal(payload("json", '{"n":{{count}}}', { placeholders: true }), '{"n":7}');
  assert.match(filled("{{now}} {{random}} {{other}}", 0), /^\d{13} 0\.\d{4} \{\{other\}\}$/);
  assert.ok(["0.", "1."].includes(filled("{{random}}", 0).slice(0, 2)));
});

test("every property becomes its option, and an empty one none", () => {
  assert.deepEqual(publishOptions(EMPTY, true), { qos: 0, retain: false, payloadIsText: false });
  const full = {
    ...EMPTY,
    qos: "2",
    retain: true,
    messageExpiry: "0",
    contentType: "text/plain",
    responseTopic: "r",
    correlationData: "c",
    userProperties: "a=1\na=2",
    isText: true,
    lowerQos: true,
  };
  assert.deepEqual(publishOptions(full, true), {
    qos: 2,
    retain: true,
    payloadIsText: true,
    lowerQos: true,
    messageExpiry: 0,
    contentType: "text/plain",
    responseTopic: "r",
    correlationData: Uint8Array.of(99),
    userProperties: [
      ["a", "1"],
      ["a", "2"],
    ],
  });
  assert.deepEqual(publishOptions(full, false), { qos: 2, retain: true });
});

test("a message that came becomes a draft, and bytes stay the same", () => {
  const message = {
    topic: "t",
    qos: 1,
    retain: true,
    payload: Uint8Array.of(255, 0),
    properties: { contentType: "x", userProperties: [["a", "1"]] },
  };
  const draft = draftOf(message);
  assert.deepEqual(payloadOf(draft, 0), message.payload);
  assert.deepEqual(
    [draft.topic, draft.qos, draft.retain, draft.contentType, draft.userProperties],
    ["t", "1", false, "x", "a=1"],
  );
});

test("anything at all becomes a draft that fits", () => {
  for (const value of [null, 5, "x", [], { qos: 1, retain: "yes" }]) {
    assert.deepEqual(toDraft(value), EMPTY);
  }
});
