// @ts-check
// The tests that have to pass in every engine, and there in a window, in a worker and in a shared worker: what depends
// on the engine's WebSocket, timers, promises, modules, WebAssembly and WebCrypto.

import { after, before } from "node:test";
import { ENGINES, runIn } from "../harness/engines/engine.mjs";
import { END, START } from "../harness/patience.mjs";

/** @typedef {import("../harness/engines/engine.mjs").EngineName} EngineName */
/** @typedef {import("../harness/engines/engine.mjs").Place} Place */

/**
 * Runs test files in another place than Playwright's Chromium.
 * @param {EngineName} engine @param {Place} place
 * @param {() => Promise<unknown>} files imports them
 */
export async function runThere(engine, place, files) {
  /** @type {import("../harness/engines/engine.mjs").Browser} */
  let browser;
  before(
    async () => {
      browser = await ENGINES[engine].start();
    },
    { timeout: START },
  );
  after(() => browser?.stop(), { timeout: END });
  runIn(engine, place, () => browser);
  await files();
}

/** @param {EngineName} engine @param {Place} place */
export function everywhere(engine, place) {
  return runThere(engine, place, load);
}

async function load() {
  await import("../mosquitto.test.mjs");
  await import("../entries.test.mjs");
  await import("../framing.test.mjs");
  await import("../broken_connection.test.mjs");
  await import("../bad_server.test.mjs");
  await import("../bad_input.test.mjs");
  await import("../ending.test.mjs");
  await import("../callbacks.test.mjs");
  await import("../message_flow.test.mjs");
  await import("../back_pressure.test.mjs");
  await import("../credentials.test.mjs");
  await import("../scram.test.mjs");
  await import("../offline.test.mjs");
  await import("../answers.test.mjs");
  await import("../limits.test.mjs");
  await import("../misuse.test.mjs");
}
