// @ts-check
// What a numbered series must look like at its receiver.

import assert from "node:assert/strict";

/** @param {number} from @param {number} to */
export function numbers(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}

/**
 * Every number once, in order.
 * @param {string[]} texts @param {number} from @param {number} to
 */
export function assertExactlyOnce(texts, from, to) {
  assert.deepEqual(texts, numbers(from, to));
}

/**
 * Every number at least once, and the first copies in order [MQTT-4.6.0-1].
 * @param {string[]} texts @param {number} from @param {number} to
 */
export function assertAtLeastOnce(texts, from, to) {
  assert.deepEqual([...new Set(texts)], numbers(from, to));
}

/**
 * Numbers may be missing, but none comes twice or out of order.
 * @param {string[]} texts @param {number} from @param {number} to
 */
export function assertAtMostOnce(texts, from, to) {
  assert.deepEqual(
    texts,
    numbers(from, to).filter((number) => texts.includes(number)),
  );
}
