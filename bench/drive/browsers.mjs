// @ts-check
// The browsers, and what can be measured of a page from outside.

import { Firefox } from "../../tests/browser/harness/engines/firefox.mjs";
import { heapOf } from "../../tests/browser/harness/heap.mjs";
import { RawChromium } from "../../tests/browser/harness/raw_chromium.mjs";

/** Pages take turns; those that wait must not be put to sleep. */
const AWAKE = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

const NOT_IN_FIREFOX = "Firefox does not tell";

/** @typedef {{ evaluate(expression: string): Promise<any>, show(): Promise<void>, close(): Promise<void> }} Tab */

/**
 * What a browser tells about a tab. Where it doesn't, the value is a reason.
 * @typedef {object} Gauge
 * @property {() => Promise<number | string>} busy milliseconds of main thread so far
 * @property {() => Promise<number | string>} heap bytes of the JavaScript heap after collections
 * @property {(work: () => Promise<void>) => Promise<number | string>} longestTask milliseconds, while work is done
 */

/** @typedef {{ name: string, version: string, open(url: string): Promise<Tab>, gauge(tab: Tab): Gauge, stop(): Promise<void> }} Browser */

/** @param {"chromium" | "firefox"} name @returns {Promise<Browser>} */
export function startBrowser(name) {
  return name === "firefox" ? startFirefox() : startChromium();
}

/** @returns {Promise<Browser>} */
async function startFirefox() {
  const firefox = await Firefox.start();
  const cannot = async () => NOT_IN_FIREFOX;
  const tab = await firefox.open("about:blank");
  const version = await tab.evaluate("navigator.userAgent.match(/Firefox\\/[\\d.]+/)[0]");
  await tab.close();
  return {
    name: "Firefox",
    version: version.replace("Firefox/", ""),
    open: (url) => firefox.open(url),
    gauge: () => ({ busy: cannot, heap: cannot, longestTask: cannot }),
    stop: () => firefox.stop(),
  };
}

/** @returns {Promise<Browser>} */
async function startChromium() {
  const chromium = await RawChromium.start(AWAKE);
  const { product } = await chromium.send("Browser.getVersion");
  return {
    name: "Chromium",
    version: product.split("/")[1],
    open: (url) => chromium.open(url),
    gauge: (tab) =>
      gaugeOf(
        chromium,
        /** @type {import("../../tests/browser/harness/raw_chromium.mjs").Tab} */ (tab),
      ),
    stop: () => chromium.stop(),
  };
}

/**
 * @param {RawChromium} chromium
 * @param {import("../../tests/browser/harness/raw_chromium.mjs").Tab} tab
 * @returns {Gauge}
 */
function gaugeOf(chromium, tab) {
  const metric = async (/** @type {string} */ name) => {
    await tab.send("Performance.enable", { timeDomain: "threadTicks" });
    const { metrics } = await tab.send("Performance.getMetrics");
    return metrics.find((/** @type {{ name: string }} */ it) => it.name === name)?.value;
  };
  return {
    busy: async () => 1000 * (await metric("TaskDuration")),
    heap: () => heapOf((method) => tab.send(method)),
    async longestTask(work) {
      /** @type {{ name: string, pid: number, tid: number, dur?: number, args?: any }[]} */
      const events = [];
      const complete = new Promise((resolve) => {
        chromium.listen(({ method, params }) => {
          if (method === "Tracing.dataCollected") events.push(...params.value);
          if (method === "Tracing.tracingComplete") resolve(undefined);
        });
      });
      const includedCategories = ["toplevel", "__metadata"];
      await chromium.send("Tracing.start", { traceConfig: { includedCategories } });
      try {
        await work();
      } finally {
        await chromium.send("Tracing.end");
        await complete;
        chromium.listen(() => {});
      }
      return longestOf(events);
    },
  };
}

/** The longest task of any page's main thread: only one page has anything to do. @param {{ name: string, pid: number, tid: number, dur?: number, args?: any }[]} events */
function longestOf(events) {
  const mains = new Set();
  for (const { name, pid, tid, args } of events) {
    if (name === "thread_name" && args?.name === "CrRendererMain") mains.add(`${pid} ${tid}`);
  }
  let longest = 0;
  for (const { name, pid, tid, dur = 0 } of events) {
    if (name.endsWith("RunTask") && mains.has(`${pid} ${tid}`)) longest = Math.max(longest, dur);
  }
  return longest / 1000;
}
