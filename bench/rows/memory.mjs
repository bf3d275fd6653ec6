// @ts-check
// What is left of messages that have been handled: JavaScript heap and WebAssembly memory, after collections.

import { framed } from "../sources/batching_server.mjs";
import { Messages } from "../sources/messages.mjs";
import { pick } from "./sizes.mjs";

const CHUNK = 10_000;
const PER_MESSAGE = 10;

/** @type {import("../drive/contest.mjs").Row} */
export const memory = {
  id: "memory",
  rounds: 1,
  metrics: [
    {
      id: "memory-growth",
      title: "memory left of the messages",
      unit: "KiB",
      better: "less",
      plain: true,
    },
    { id: "memory-heap", title: "JavaScript heap then", unit: "KiB", better: "less", plain: true },
    {
      id: "memory-wasm",
      title: "WebAssembly memory then",
      unit: "KiB",
      better: "less",
      plain: true,
    },
  ],
  async measure({ batching, extent }, { run, gauge }) {
    const chunks = pick(extent, 100, 10, 1);
    const warm = pick(extent, 10, 3, 1);
    const topics = ["bench/remembered"];
    const messages = new Messages({ topics, size: 16, count: CHUNK });
    const frames = framed(messages, PER_MESSAGE);
    await run("open", batching.url);
    try {
      await run("listen", { filters: topics, qos: 0 });
      const receive = async (/** @type {number} */ times) => {
        await run("expect", times * CHUNK);
        await batching.flood(frames, times);
        const { sum } = await run("received");
        if (sum !== times * messages.sum())
          throw new Error("what it delivered is not what was sent");
        return { heap: await gauge.heap(), wasm: await run("memory") };
      };
      const before = await receive(warm);
      const after = await receive(chunks);
      const wasm = after.wasm / 1024;
      if (typeof before.heap === "string" || typeof after.heap === "string") {
        const why = String(after.heap);
        return { "memory-growth": why, "memory-heap": why, "memory-wasm": wasm };
      }
      return {
        "memory-growth": (after.heap - before.heap + after.wasm - before.wasm) / 1024,
        "memory-heap": after.heap / 1024,
        "memory-wasm": wasm,
      };
    } finally {
      await run("close");
    }
  },
};
