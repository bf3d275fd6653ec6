// @ts-check
// What a page that receives still feels like: the longest task of its main thread, and the longest time in which its own
// timer did not fire.

import { Messages } from "../sources/messages.mjs";
import { exchange } from "./receive.mjs";
import { pick } from "./sizes.mjs";

/** @type {import("../drive/contest.mjs").Row} */
export const smoothness = {
  id: "longest-task",
  metrics: [
    {
      id: "longest-task",
      title: "longest task while messages arrive",
      unit: "ms",
      better: "less",
    },
    { id: "longest-pause", title: "longest pause of the page's timer", unit: "ms", better: "less" },
  ],
  async measure(setting, contestant) {
    const { run, gauge, tab } = contestant;
    const count = pick(setting.extent, 50_000, 12_000, 200);
    const topics = ["bench/smooth"];
    const messages = new Messages({ topics, size: 16, count });
    await run("open", setting.broker);
    try {
      const receive = async () => {
        await exchange(setting, contestant, messages);
      };
      await run("listen", { filters: topics, qos: 0 });
      const longest = await gauge.longestTask(receive);
      // By itself, without what the other measurement costs.
      await tab.evaluate("bench.watchPauses()");
      await receive();
      return {
        "longest-task": longest,
        "longest-pause": await tab.evaluate("bench.longestPause()"),
      };
    } finally {
      await run("close");
    }
  },
};
