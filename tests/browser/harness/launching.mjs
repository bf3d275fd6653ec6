// @ts-check
// Programs of others that have to come up before there is anything to test: browsers and their drivers. One that does not
// is started again, and that is told.

import { endAll } from "./ending.mjs";
import { LAUNCH } from "./patience.mjs";

const TRIES = 3;

/**
 * Gives what `launch` gives. It says what has to be done if it fails, or takes too long, in `otherwise`; the last is done
 * first.
 * @template T
 * @param {string} what
 * @param {(otherwise: (end: () => unknown) => void) => Promise<T>} launch
 * @param {number} [patience] milliseconds for a try
 * @returns {Promise<T>}
 */
export async function launched(what, launch, patience = LAUNCH) {
  for (let tries = 1; ; tries += 1) {
    /** @type {(() => unknown)[]} */
    const ends = [];
    let failed = false;
    /** @param {() => unknown} end */
    const otherwise = (end) => {
      // One that took too long goes on, and finds out here.
      if (failed) void endAll([end]);
      else ends.unshift(end);
    };
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it took ${patience} ms`)), patience);
    });
    const launching = launch(otherwise);
    try {
      return await /** @type {Promise<T>} */ (Promise.race([launching, late]));
    } catch (error) {
      failed = true;
      launching.catch(() => {});
      await endAll(ends);
      if (tries === TRIES) throw error;
      // In these words: `cargo xtask test` looks for them.
      console.error(`started again: ${what}: ${String(error).split("\n", 1)[0]}`);
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Starts several things at once. All of them have come to an end when this has, so that what was started can be ended
 * although another was not.
 * @param {(() => Promise<unknown>)[]} starts
 */
export async function startAll(starts) {
  const results = await Promise.allSettled(starts.map((start) => start()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
