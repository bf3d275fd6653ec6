import assert from "node:assert/strict";
import { test } from "node:test";
import { toCsv, toJson } from "../src/export.ts";

const entry = (payload, more = {}) => ({
  serial: 0,
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  colour: 0,
  message: {
    topic: "a/b",
    payload: typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
    qos: 1,
    retain: true,
    dup: false,
    properties: { userProperties: [], subscriptionIdentifiers: [] },
    ...more,
  },
});

test("JSON has text as text and other bytes as Base64", () => {
  const properties = {
    contentType: "x",
    correlationData: Uint8Array.of(1, 2),
    userProperties: [["a", "1"]],
    subscriptionIdentifiers: [],
  };
  const messages = JSON.parse(toJson([entry("on"), entry(Uint8Array.of(255), { properties })]));
  assert.deepEqual(messages[0], {
    time: "2026-01-02T03:04:05.006Z",
    topic: "a/b",
    qos: 1,
    retain: true,
    dup: false,
    payload: "on",
    encoding: "utf-8",
    properties: {},
  });
  assert.deepEqual([messages[1].payload, messages[1].encoding], ["/w==", "base64"]);
  assert.deepEqual(messages[1].properties, {
    contentType: "x",
    correlationDataBase64: "AQI=",
    userProperties: [["a", "1"]],
  });
});

test("CSV quotes what has to be quoted", () => {
  const [head, line, end] = toCsv([entry('say "hi", please\nnow')]).split("\r\n");
  assert.equal(head, "time,topic,qos,retain,encoding,payload");
  assert.equal(line, '2026-01-02T03:04:05.006Z,a/b,1,true,utf-8,"say ""hi"", please\nnow"');
  assert.equal(end, "");
});

test("a spreadsheet does not run what a payload or topic says, and numbers stay numbers", () => {
  const last = (payload) =>
    toCsv([entry(payload)])
      .split("utf-8,")[1]
      .trim();
  assert.equal(last("=1+1"), "'=1+1");
  assert.equal(last("@SUM(A1)"), "'@SUM(A1)");
  assert.equal(last("-cmd"), "'-cmd");
  assert.equal(last("-5.5e3"), "-5.5e3");
  assert.match(toCsv([entry("", { topic: "=x" })]), /,'=x,/);
});
