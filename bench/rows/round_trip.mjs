// @ts-check
// From publish() to the handler, through Mosquitto, one at a time.

import { quantile } from "../drive/statistics.mjs";
import { pick } from "./sizes.mjs";

/** @param {number} qos @returns {import("../drive/contest.mjs").Row} */
function row(qos) {
  const id = `round-trip-${qos}`;
  return {
    id,
    metrics: [
      { id, title: `round trip QoS ${qos}, median`, unit: "ms", better: "less" },
      { id: `${id}-p99`, title: `round trip QoS ${qos}, p99`, unit: "ms", better: "less" },
    ],
    async measure({ broker, extent }, { run, name }, round) {
      const count = pick(extent, 2000, 300, 10);
      await run("open", broker);
      try {
        const topic = `bench/${name}/${round}/${qos}`;
        const warm = round === 0 ? 100 : 20;
        const times = await run("roundTrips", { topic, size: 16, qos, count: count + warm });
        const counted = times.slice(warm);
        return { [id]: quantile(counted, 0.5), [`${id}-p99`]: quantile(counted, 0.99) };
      } finally {
        await run("close");
      }
    },
  };
}

export const roundTrip = [0, 1, 2].map(row);
