// @ts-check
// A broker that sends 5,000 messages a second, for ten seconds or as long as WEBMQTT_FLOOD_SECONDS says: all of them come,
// the page stays usable, and its memory does not grow with them.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Broker } from "./harness/broker.mjs";
import { computing, computingForComparison } from "./harness/computing.mjs";
import { heapOfPage } from "./harness/heap.mjs";
import { TEST } from "./harness/patience.mjs";
import { uniqueName, Witness } from "./harness/witness.mjs";
import { connectTo, useWww } from "./harness/www_lab.mjs";

const SECONDS = Number(process.env.WEBMQTT_FLOOD_SECONDS ?? 10);
const PER_SECOND = 5_000;
/** Between two bursts. */
const TICK = 20;
/** MQTT.js has a listener for each message that its socket does not take at once. */
const LARGEST_BURST = 500;
/**
 * For each five seconds the page may compute so many times as long as for what is always the same, in time of its own
 * thread: neither other programs on the machine count, nor how slow it is. It was 6 to 8 where that was 40 % of the time.
 */
const BUSY = 10;
/** The messages that are kept, 100,000, with everything else. */
const MEMORY = 250 * 1024 * 1024;

/** Publishes evenly over the time. @param {Witness} witness @param {string} topic @param {number} seconds */
async function flood(witness, topic, seconds) {
  const all = seconds * PER_SECOND;
  const begun = performance.now();
  for (let sent = 0; sent < all; ) {
    const elapsed = (performance.now() - begun) / 1000;
    const due = Math.min(all, sent + LARGEST_BURST, Math.ceil(elapsed * PER_SECOND));
    const burst = [];
    for (; sent < due; sent += 1) {
      burst.push(witness.publish(`${topic}/${sent % 50}`, `{"number":${sent}}`));
    }
    await Promise.all(burst);
    await new Promise((resolve) => setTimeout(resolve, TICK));
  }
  return performance.now() - begun;
}

describe("a flood of messages", () => {
  const test = useWww({ timeout: TEST + SECONDS * 12_000 });

  test("comes complete, and leaves the page usable", async ({ page, tell }) => {
    const broker = await Broker.start("mosquitto");
    const witness = await Witness.connect(String(broker.tcpUrl), { version: 4 });
    const topic = uniqueName("flood");
    try {
      await page.getByTestId("sub-filter").fill(`${topic}/#`);
      await page.getByTestId("sub-add").click();
      await connectTo(page, broker.url);
      await page.getByTestId("sub-list").getByText("granted").waitFor();
      await page.evaluate(() => {
        const tasks = { blocked: 0, longest: 0, count: 0 };
        Object.assign(globalThis, { tasks });
        new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) {
            tasks.blocked += duration - 50;
            tasks.longest = Math.max(tasks.longest, duration);
            tasks.count += 1;
          }
        }).observe({ entryTypes: ["longtask"] });
      });
      // A third of it, for memory to be where it stays.
      const first = Math.ceil(SECONDS / 3);
      await flood(witness, topic, first);
      const before = await heapOfPage(page);
      const computed = await computing(page);
      const unit = await computingForComparison(page, computed);
      const computedBefore = await computed();
      const took = await flood(witness, topic, SECONDS - first);
      const all = SECONDS * PER_SECOND;
      const meter = page.locator("#meter-received");
      await meter.filter({ hasText: all.toLocaleString("en") }).waitFor({ timeout: TEST });

      const busy = (await computed()) - computedBefore;

      // It answers a reader at once.
      const clicked = await computed();
      await page.getByTestId("view-topics").check();
      await page.getByTestId("topic-row").first().waitFor();
      const answered = (await computed()) - clicked;

      const { blocked, longest, count } = await page.evaluate(
        () => /** @type {any} */ (globalThis).tasks,
      );
      const after = await heapOfPage(page);
      const mib = (/** @type {number} */ bytes) => Math.round(bytes / 1024 / 1024);
      tell(
        `${all} messages in ${Math.round(took / 100) / 10} s and before; ${count} long tasks, the longest ${Math.round(longest)} ms, ` +
          `${Math.round(blocked)} ms beyond 50 ms each; computed for ${Math.round(busy)} ms, and ${Math.round(unit)} ms for comparison; heap ${mib(before)}, then ${mib(after)} MiB`,
      );
      const most = (BUSY * unit * (SECONDS - first)) / 5;
      assert.ok(busy > 0 && busy < most, `computed for ${busy} of ${took} ms, and not ${most}`);
      assert.ok(after < MEMORY, `${mib(after)} MiB`);
      assert.ok(answered < 5_000, `it computed for ${answered} ms until a click was answered`);
      await page.getByTestId("disconnect").click();
    } finally {
      await witness.end();
      await broker.stop();
    }
  });
});
