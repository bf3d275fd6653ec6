// The slow line of the simulated network, on a clock of its own.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Pipe } from "../src/pipe.ts";

let throttle;
let now = 0;
let came = [];

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  throttle = undefined;
  now = 0;
  came = [];
});

const line = () =>
  new Pipe(
    () => throttle,
    () => now,
  );

/** @param {number} milliseconds */
function pass(milliseconds) {
  for (let passed = 0; passed < milliseconds; passed += 1) {
    now += 1;
    mock.timers.tick(1);
  }
}

/** @param {Pipe} pipe @param {string} name @param {number} bytes */
const send = (pipe, name, bytes) => pipe.push(bytes, () => came.push(`${name} ${now}`));

test("without a throttle everything comes out at once", () => {
  const pipe = line();
  send(pipe, "a", 1_000_000);
  assert.deepEqual(came, ["a 0"]);
});

test("a delay moves everything, and the rate lets one thing wait for the other", () => {
  throttle = { delay: 50, rate: 1_000 };
  const pipe = line();
  send(pipe, "a", 100);
  send(pipe, "b", 200);
  assert.equal(pipe.waiting, 300);
  pass(149);
  assert.deepEqual(came, []);
  assert.equal(pipe.waiting, 151);
  pass(1);
  assert.deepEqual(came, ["a 150"]);
  pass(200);
  assert.deepEqual(came, ["a 150", "b 350"]);
  assert.equal(pipe.waiting, 0);
});

test("a faster line takes what is on its way along, in the same order", () => {
  throttle = { delay: 0, rate: 1 };
  const pipe = line();
  send(pipe, "a", 1_000);
  send(pipe, "b", 0);
  pass(10);
  throttle = undefined;
  pipe.replan();
  send(pipe, "c", 5);
  assert.deepEqual(came, []);
  pass(1);
  assert.deepEqual(came, ["a 11", "b 11", "c 11"]);
  assert.equal(pipe.isOpen, true);
});

test("what is on its way for longer than a timer can wait is waited for all the same", () => {
  throttle = { delay: 0, rate: 1 };
  const asked = mock.method(globalThis, "setTimeout", () => 0);
  send(line(), "a", 3_000_000);
  asked.mock.restore();
  assert.deepEqual(asked.mock.calls[0]?.arguments[1], 2_147_483_647);
});

test("what is cleared never comes", () => {
  throttle = { delay: 10, rate: 1_000 };
  const pipe = line();
  send(pipe, "a", 1);
  pipe.clear();
  pass(100);
  assert.deepEqual(came, []);
});
