// @ts-check
// Receiving QoS 0: from Mosquitto, which sends each message in a WebSocket message of its own, and from the server that
// puts many into one.

import { framed } from "../sources/batching_server.mjs";
import { Messages } from "../sources/messages.mjs";
import { busyFor } from "./busy.mjs";
import { pick } from "./sizes.mjs";

const SIZE = 16;

/** @typedef {import("../drive/contest.mjs").Row} Row */

/** @param {number} count */
const topicsOf = (count) => Array.from({ length: count }, (_, at) => `bench/room${at}/value`);

/**
 * What a row is that receives messages.
 * @typedef {object} Receiving
 * @property {string} id
 * @property {string} title
 * @property {string} [base]
 * @property {string[]} topics
 * @property {string[]} filters
 * @property {boolean} [ownHandlers] every filter has one
 * @property {number} [perMessage] packets in a WebSocket message; without it they come from Mosquitto
 * @property {[number, number, number]} counts
 */

/**
 * Sends messages to a participant that listens, and gives how many a second it received.
 * @param {import("../drive/contest.mjs").Setting} setting @param {import("../drive/contest.mjs").Contestant} contestant
 * @param {Messages} messages @param {number} [perMessage] packets in a WebSocket message; without it Mosquitto sends them
 */
export async function exchange(setting, { run }, messages, perMessage) {
  await run("expect", messages.count);
  const sending =
    perMessage === undefined
      ? setting.publisher.publish(messages)
      : setting.batching.flood(framed(messages, perMessage));
  const { sum, count, ms } = await run("received");
  if (sum !== messages.sum()) throw new Error("what it delivered is not what was sent");
  await sending;
  return (1000 * count) / ms;
}

/** @param {Receiving} what @returns {Row} */
function row({ id, title, base, topics, filters, ownHandlers = false, perMessage, counts }) {
  const busyBase = base && { base: `${base}-busy` };
  return {
    id,
    metrics: [
      { id, title, unit: "msg/s", better: "more", ...(base && { base }) },
      {
        id: `${id}-busy`,
        title: `${title}: main thread`,
        unit: "µs/msg",
        better: "less",
        ...busyBase,
      },
    ],
    async measure(setting, contestant, round) {
      const { run, gauge } = contestant;
      const [full, quick, tiny] = counts;
      const count = pick(setting.extent, full, quick, tiny);
      await run("open", perMessage === undefined ? setting.broker : setting.batching.url);
      try {
        await run("listen", { filters, qos: 0, ownHandlers });
        if (round === 0) {
          const some = new Messages({ topics, size: SIZE, count: Math.ceil(count / 5) });
          await exchange(setting, contestant, some, perMessage);
        }
        const messages = new Messages({ topics, size: SIZE, count });
        const work = () => exchange(setting, contestant, messages, perMessage);
        const { result: rate, busy } = await busyFor(gauge, count, work);
        return { [id]: rate, [`${id}-busy`]: busy };
      } finally {
        await run("close");
      }
    },
  };
}

/** @type {Row[]} */
export const receive = [
  row({
    id: "receive-1",
    title: "receive on 1 topic",
    topics: topicsOf(1),
    filters: topicsOf(1),
    counts: [30_000, 8_000, 200],
  }),
  row({
    id: "receive-1000",
    title: "receive on 1,000 topics",
    topics: topicsOf(1000),
    filters: ["bench/#"],
    counts: [30_000, 8_000, 1000],
  }),
  ...[1, 10, 100].map((perMessage) =>
    row({
      id: `batch-${perMessage}`,
      title: `receive, ${perMessage} per WebSocket message`,
      topics: topicsOf(10),
      filters: ["bench/#"],
      perMessage,
      counts: perMessage === 1 ? [30_000, 8_000, 100] : [200_000, perMessage * 600, 1000],
    }),
  ),
];

/** A hundred filters that match a tenth of the topics' names each, by themselves. */
const topics = Array.from({ length: 100 }, (_, at) => `bench/room${at}/sensor${at}`);

/** @type {Row[]} */
export const handlers = [
  row({
    id: "handlers-1",
    title: "1 handler for 100 topics",
    topics,
    filters: ["bench/#"],
    perMessage: 100,
    counts: [200_000, 60_000, 1000],
  }),
  row({
    id: "handlers-100",
    title: "100 wildcard handlers",
    base: "handlers-1",
    topics,
    filters: topics.map((_, at) => `bench/+/sensor${at}`),
    ownHandlers: true,
    perMessage: 100,
    counts: [200_000, 60_000, 1000],
  }),
];
