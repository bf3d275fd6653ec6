// @ts-check
// What messages cost the page's main thread.

/**
 * Microseconds for each of so many messages, or why nobody knows, beside what the work gives.
 * @template T
 * @param {import("../drive/browsers.mjs").Gauge} gauge @param {number} count @param {() => Promise<T>} work
 */
export async function busyFor(gauge, count, work) {
  const before = await gauge.busy();
  const result = await work();
  const after = await gauge.busy();
  const known = typeof before === "number" && typeof after === "number";
  return { result, busy: known ? (1000 * (after - before)) / count : after };
}
