// @ts-check
// How many WebSocket messages a client needs to acknowledge 1,000 messages of QoS 1 that came in 11.

import { Messages } from "../sources/messages.mjs";
import { exchange } from "./receive.mjs";

const COUNT = 1000;
const PER_MESSAGE = 91;

/** @type {import("../drive/contest.mjs").Row} */
export const acknowledgements = {
  id: "acknowledgements",
  metrics: [
    {
      id: "acknowledgements",
      title: "WebSocket messages for 1,000 PUBACK",
      unit: "messages",
      better: "less",
    },
  ],
  async measure(setting, contestant) {
    const { batching } = setting;
    const { run } = contestant;
    const topics = ["bench/acknowledged"];
    const messages = new Messages({ topics, size: 16, count: COUNT, qos: 1 });
    await run("open", batching.url);
    try {
      await run("listen", { filters: topics, qos: 1 });
      const counted = batching.acknowledgements(COUNT);
      await exchange(setting, contestant, messages, PER_MESSAGE);
      return { acknowledgements: await counted() };
    } finally {
      await run("close");
    }
  },
};
