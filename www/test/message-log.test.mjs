import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "webmqtt";
import { MessageLog } from "../src/message-log.ts";

const message = (topic, payload) => ({ topic, payload: new TextEncoder().encode(payload) });
const topics = (log) => [...log.found].map((entry) => entry.message.topic);

test("everything is counted and the last hundred thousand are kept", () => {
  const log = new MessageLog();
  for (let index = 0; index < 101_000; index += 1) {
    log.push(message(`t/${index}`, "1"), index, 0);
  }
  assert.equal(log.received, 101_000);
  assert.equal(log.kept, 100_000);
  assert.equal(log.found.at(0).message.topic, "t/1000");
  assert.equal(log.found.at(99_999).message.topic, "t/100999");
});

test("large payloads are forgotten sooner, the newest never", () => {
  const log = new MessageLog();
  const large = { topic: "t", payload: new Uint8Array(40 * 1024 * 1024) };
  log.push(large, 1, 0);
  log.push(large, 2, 0);
  assert.equal(log.kept, 1);
  log.push({ topic: "t", payload: new Uint8Array(80 * 1024 * 1024) }, 3, 0);
  assert.equal(log.kept, 1);
  assert.equal(log.received, 3);
});

test("a search finds topics and payloads, also of what comes later", () => {
  const log = new MessageLog();
  log.push(message("home/door", "OPEN"), 1, 0);
  log.push(message("home/lamp", "on"), 2, 0);
  log.search("open");
  assert.deepEqual(topics(log), ["home/door"]);
  log.push(message("garage/OPENER", "-"), 3, 0);
  log.push(message("home/lamp", "off"), 4, 0);
  assert.deepEqual(topics(log), ["home/door", "garage/OPENER"]);
  log.search("");
  assert.equal(log.found.length, 4);
});

test("a search with wildcards is a topic filter, and text if it cannot be one", async () => {
  await load(await readFile(process.env.WEBMQTT_WASM));
  const log = new MessageLog();
  log.push(message("home/kitchen/temperature", "21"), 1, 0);
  log.push(message("home/door", "kitchen/+/#1"), 2, 0);
  log.search("home/+/temperature");
  assert.deepEqual(topics(log), ["home/kitchen/temperature"]);
  log.search("home/#");
  assert.equal(log.found.length, 2);
  log.search("+/#1");
  assert.deepEqual(topics(log), ["home/door"]);
});

test("what is forgotten is not found any more", () => {
  const log = new MessageLog();
  log.search("first");
  log.push(message("first", ""), 0, 0);
  assert.equal(log.found.length, 1);
  for (let index = 0; index < 100_000; index += 1) {
    log.push(message("other", ""), index, 0);
  }
  assert.equal(log.found.length, 0);
});

test("clearing forgets the messages and not the count", () => {
  const log = new MessageLog();
  log.push(message("t", "1"), 1, 0);
  log.clear();
  assert.equal(log.kept, 0);
  assert.equal(log.received, 1);
});
