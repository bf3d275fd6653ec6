// @ts-check
// What a soak came to: what was lost, what came twice, and whether memory grows.

/** @typedef {import("./soak_plot.mjs").Sample} Sample */
/** @typedef {{ highest: number, missing: number, copies: number, disordered: number, distinct: number }} Counts */

/** Bytes that the heap may have grown by, over all of the time behind the warm-up. */
const HEAP_SLACK = 500_000;
/** Of the time, before memory is looked at: the engine optimises, buffers find their size. */
const WARM_UP = 0.25;

/** Of a line through the points, in bytes a minute. @param {Sample[]} samples @param {"heap" | "wasm"} what */
function slope(samples, what) {
  const count = samples.length;
  const mean = (/** @type {(sample: Sample) => number} */ pick) =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / count;
  const minutes = (/** @type {Sample} */ sample) => sample.seconds / 60;
  const [x, y] = [mean(minutes), mean((sample) => sample[what])];
  const up = samples.reduce((sum, each) => sum + (minutes(each) - x) * (each[what] - y), 0);
  const along = samples.reduce((sum, each) => sum + (minutes(each) - x) ** 2, 0);
  return along === 0 ? 0 : up / along;
}

/**
 * @param {object} soak
 * @param {any} soak.page its report @param {Counts[]} soak.counted at the broker, by QoS
 * @param {number} soak.lastOut @param {number} soak.lastIn
 * @param {string[]} soak.losses of the counter's connection @param {string[]} soak.faults
 * @param {Sample[]} soak.samples
 */
export function verdict({ page, counted, lastOut, lastIn, losses, faults, samples }) {
  const sides = /** @type {const} */ ([
    ["out", counted, lastOut],
    ["in", page.received, lastIn],
  ]);
  /** @type {string[]} */
  const wrong = [];
  const sum = { lost: 0, doubled: 0, copies: 0, lostWithQos0: 0 };
  for (const [direction, all, last] of sides) {
    for (const qos of [0, 1, 2]) {
      const { distinct = 0, copies = 0 } = all[qos] ?? {};
      const lost = last - distinct;
      if (qos === 0) sum.lostWithQos0 += lost;
      else sum.lost += lost;
      if (qos === 1) sum.copies += copies;
      else sum.doubled += copies;
      if (qos > 0 && lost > 0) wrong.push(`${lost} lost ${direction} with QoS ${qos}`);
      if (qos !== 1 && copies > 0) wrong.push(`${copies} doubled ${direction} with QoS ${qos}`);
    }
  }
  if (page.open > 0) wrong.push(`${page.open} calls are not settled`);
  // With QoS 0 nothing is promised; everything else is.
  const failures = page.failures.filter((/** @type {string} */ text) => !text.includes("QoS 0"));
  wrong.push(...failures, ...losses.map((why) => `counter: ${why}`));
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const span = ((warm.at(-1)?.seconds ?? 0) - (warm[0]?.seconds ?? 0)) / 60;
  const heap = slope(warm, "heap");
  const wasm = (warm.at(-1)?.wasm ?? 0) - (warm[0]?.wasm ?? 0);
  if (heap * span > HEAP_SLACK) wrong.push(`the heap grows by ${Math.round(heap)} bytes a minute`);
  if (wasm > 0) wrong.push(`the module's memory has grown by ${wasm} bytes`);
  /** @type {Record<string, number>} */
  const kinds = {};
  for (const fault of faults) kinds[fault] = (kinds[fault] ?? 0) + 1;
  const { connections, subscriptions, requests, answers, late } = page;
  return {
    messages: 3 * (lastOut + lastIn),
    ...sum,
    connections,
    faults: faults.length,
    kinds,
    subscriptions,
    requests,
    answers,
    requestsTimedOut: late,
    heapBytesAMinute: Math.round(heap),
    wasmBytes: warm.at(-1)?.wasm ?? 0,
    wasmGrownBy: wasm,
    wrong,
  };
}
