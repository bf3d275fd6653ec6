// The report of a test of a broker, as it is passed on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { groupsOf, publicUrl, summaryOf, toMarkdown, toText } from "../src/broker-test/report.ts";

const finding = (over) => ({
  group: "MQTT 5",
  name: "a",
  outcome: "works",
  words: "",
  took: 1,
  ...over,
});
const report = (over) => ({
  kind: "webmqtt-broker-report",
  date: "2026-01-02T03:04:05.000Z",
  url: "ws://127.0.0.1:9001/",
  broker: "",
  limits: [],
  findings: [],
  complete: true,
  ...over,
});

test("neither credentials nor the query of the URL are passed on", () => {
  assert.equal(
    publicUrl("wss://alice:secret@b.example:8084/mqtt?token=1#x"),
    "wss://b.example:8084/mqtt",
  );
  assert.equal(publicUrl("no URL"), "");
});

test("the summary counts what there is, and only that", () => {
  assert.equal(summaryOf([finding(), finding()]), "2 work");
  assert.equal(
    summaryOf([finding(), finding({ outcome: "cannot" }), finding({ outcome: "fails" })]),
    "1 work, 1 the broker can't, 1 fail",
  );
});

test("groups keep their order, and findings the order within", () => {
  const findings = [finding(), finding({ group: "Speed" }), finding({ name: "b" })];
  const groups = groupsOf(findings).map(([group, own]) => [group, own.map(({ name }) => name)]);
  assert.deepEqual(groups, [
    ["MQTT 5", ["a", "b"]],
    ["Speed", ["a"]],
  ]);
});

test("what a broker says stays in its cell of the Markdown", () => {
  const words = "a | b\n# <img src=x> [x](javascript:1) `c` &amp;";
  const markdown = toMarkdown(report({ broker: "*x*", findings: [finding({ words })] }));
  const line = markdown.split("\n").find((text) => text.startsWith("| a |"));
  assert.equal(
    line,
    "| a | works | a \\| b # \\<img src=x\\> \\[x\\](javascript:1) \\`c\\` \\&amp; |",
  );
  assert.match(markdown, /\\\*x\\\*/);
});

test("the text has a line for each finding", () => {
  const findings = [finding({ words: "All came." }), finding({ outcome: "fails", name: "b" })];
  assert.match(toText(report({ findings })), /MQTT 5\n- a: works \(All came\.\)\n- b: fails\n/);
});
