// @ts-check
// A project that has installed the package, a broker, and a browser to try both in.

import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import { Broker } from "../../browser/harness/broker.mjs";
import { launchChromium } from "../../browser/harness/lab.mjs";
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
  let profile = "";
  before(async () => {
    profile = await mkdtemp(path.join(os.tmpdir(), "webmqtt-chromium-"));
    // One after the other: what was started before a failure is ended all the same.
    bench.browser = await launchChromium(profile);
    bench.broker = await Broker.start("embedded");
    bench.consumer = await Consumer.install();
  });
  after(async () => {
    await bench.browser?.close();
    await bench.broker?.stop();
    await bench.consumer?.remove();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return bench;
}
