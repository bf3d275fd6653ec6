import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, tally } from "../src/outbox.ts";

const publish = (topic) => ({ topic, qos: 1, since: 1 });

test("those that wait are the last ones that were published and are not settled", () => {
  const outbox = new Outbox();
  const [first, second] = ["a", "b", "c"].map((topic) => outbox.add(publish(topic)));
  const waiting = (count) => outbox.waiting(count).map(({ topic }) => topic);
  assert.deepEqual(waiting(0), []);
  assert.deepEqual(waiting(2), ["b", "c"]);
  first();
  second();
  second();
  assert.deepEqual(waiting(1), ["c"]);
  outbox.clear();
  assert.deepEqual(waiting(5), []);
});

test("what an earlier page has left is counted by its state", () => {
  const states = ["sent", "arrived", "arrived", "failed"];
  assert.deepEqual(tally(states.map((state) => ({ topic: "a", qos: 1, state, words: "" }))), {
    sent: 1,
    waits: 0,
    arrived: 2,
    failed: 1,
  });
});
