import assert from "node:assert/strict";
import { test } from "node:test";
import { Repeater } from "../src/repeater.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("it repeats at the interval, and not before the last time has ended", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => 0);
  const ends = [];
  const changes = [];
  const repeater = new Repeater(
    () => new Promise((resolve) => ends.push(resolve)),
    (running) => changes.push(running),
  );
  repeater.start(100);
  assert.equal(ends.length, 1);
  t.mock.timers.tick(1_000);
  await settled();
  assert.equal(ends.length, 1);
  ends[0](true);
  await settled();
  t.mock.timers.tick(99);
  assert.equal(ends.length, 1);
  t.mock.timers.tick(1);
  assert.equal(ends.length, 2);
  repeater.stop();
  ends[1](true);
  await settled();
  t.mock.timers.tick(1_000);
  assert.equal(ends.length, 2);
  assert.deepEqual(changes, [true, false]);
});

test("a failure ends it", async () => {
  let calls = 0;
  const repeater = new Repeater(
    async () => {
      calls += 1;
      return false;
    },
    () => {},
  );
  repeater.start(0);
  await settled();
  assert.deepEqual([calls, repeater.running], [1, false]);
});
