// @ts-check
// A page whose process is gone from one moment to the next, whatever it was doing. Of Chromium only.

import { setTimeout as delay } from "node:timers/promises";

/** Chromium's renderers sometimes hang while they crash, one of some hundred on a busy machine. */
const CRASH_PATIENCE = 5_000;

/**
 * Gives what ends the page's renderer, within a script that runs, too: nobody can ask for that when it does. That gives
 * when the end was noticed.
 * @param {import("playwright-core").Page} page
 */
export async function crasher(page) {
  const session = await page.context().newCDPSession(page);
  /** @type {Promise<number>} */
  const crashed = new Promise((resolve) => page.once("crash", () => resolve(performance.now())));
  return async () => {
    // There is nobody left to answer.
    session.send("Page.crash").catch(() => {});
    const at = await Promise.race([crashed, delay(CRASH_PATIENCE, undefined, { ref: false })]);
    // Whatever renderer still hangs, the browser kills.
    await page.close();
    return at ?? performance.now();
  };
}
