// @ts-check
// Publishing to Mosquitto, which has no subscriber for it. QoS 0 in bursts, and over when the broker has acknowledged
// one more message with QoS 1. QoS 1 and 2 with as many open as Mosquitto's Receive Maximum allows.

import { busyFor } from "./busy.mjs";
import { named, pick } from "./sizes.mjs";

const WINDOW = 20;

/** Messages for each QoS and size: full, quick, tiny. @type {Record<number, Record<number, [number, number, number]>>} */
const COUNTS = {
  0: { 16: [60_000, 20_000, 200], 1024: [20_000, 5_000, 100], 65536: [400, 60, 4] },
  1: { 16: [10_000, 2_000, 100], 1024: [8_000, 1_500, 50], 65536: [400, 60, 4] },
  2: { 16: [6_000, 1_000, 50], 1024: [5_000, 800, 50], 65536: [400, 60, 4] },
};

/**
 * @param {number} qos @param {number} size @param {boolean} [promises] the floors have one for each message
 * @returns {import("../drive/contest.mjs").Row}
 */
function row(qos, size, promises = false) {
  const title = `publish QoS ${qos}, ${named(size)}${promises ? ", a promise each" : ""}`;
  const id = `${promises ? "promise" : "publish"}-${qos}-${size}`;
  return {
    id,
    metrics: [
      { id, title, unit: "msg/s", better: "more" },
      { id: `${id}-busy`, title: `${title}: main thread`, unit: "µs/msg", better: "less" },
    ],
    async measure({ broker, extent }, { run, gauge }, round) {
      const [full, quick, tiny] = COUNTS[qos]?.[size] ?? [0, 0, 0];
      const count = pick(extent, full, quick, tiny);
      const what = { topic: "bench/publish", size, qos, window: WINDOW, promises };
      await run("open", broker);
      try {
        if (round === 0) await run("publish", { ...what, count: Math.ceil(count / 5) });
        const work = () => run("publish", { ...what, count });
        const { result: ms, busy } = await busyFor(gauge, count, work);
        return { [id]: (1000 * count) / ms, [`${id}-busy`]: busy };
      } finally {
        await run("close");
      }
    },
  };
}

export const publish = [
  row(0, 16, true),
  ...[0, 1, 2].flatMap((qos) => [16, 1024, 65_536].map((size) => row(qos, size))),
];
