// @ts-check
// A project that has installed the package, a broker, and a browser to try both in.

import { after, before } from "node:test";
import { Broker } from "../../browser/harness/broker.mjs";
import { endAll } from "../../browser/harness/ending.mjs";
import { launchChromium } from "../../browser/harness/lab.mjs";
import { END, START } from "../../browser/harness/patience.mjs";
import { Consumer } from "./consumer.mjs";

/** One that lives as long as the surrounding `describe`. */
export function useWorkbench() {
  const bench = {
    consumer: /** @type {Consumer} */ (/** @type {unknown} */ (undefined)),
    broker: /** @type {Broker} */ (/** @type {unknown} */ (undefined)),
    browser: /** @type {import("playwright-core").BrowserContext} */ (
      /** @type {unknown} */ (undefined)
    ),
  };
  /** @type {Awaited<ReturnType<typeof launchChromium>>} */
  let chromium;
  before(
    async () => {
      // One after the other: what was started before a failure is ended all the same.
      chromium = await launchChromium();
      bench.browser = chromium.browser;
      bench.broker = await Broker.start("embedded");
      bench.consumer = await Consumer.install();
    },
    { timeout: START },
  );
  after(
    () =>
      endAll([() => chromium?.end(), () => bench.broker?.stop(), () => bench.consumer?.remove()]),
    { timeout: END },
  );
  return bench;
}
