import assert from "node:assert/strict";
import { test } from "node:test";
import { RateMeter } from "../src/rate.ts";

test("a steady stream has its rate, from the second sample on", () => {
  const meter = new RateMeter();
  assert.equal(meter.sample(0, 0), 0);
  assert.equal(meter.sample(1_000, 4), 4);
  assert.equal(meter.sample(2_000, 8), 4);
});

test("what stopped is forgotten after a few seconds", () => {
  const meter = new RateMeter();
  meter.sample(0, 0);
  meter.sample(1_000, 1_000);
  let rate = Number.NaN;
  for (let second = 2; second <= 10; second += 1) {
    rate = meter.sample(second * 1_000, 1_000);
  }
  assert.equal(rate, 0);
});

test("samples that were late do not raise the rate", () => {
  const meter = new RateMeter();
  meter.sample(0, 0);
  assert.equal(meter.sample(60_000, 60), 1);
});
