// @ts-check
// One run of the benchmark: starts what takes part, runs the rows, gives what they found.

import { whyNoBroker } from "../../tests/browser/harness/broker.mjs";
import { endAll } from "../../tests/browser/harness/ending.mjs";
import { XtaskServer } from "../../tests/browser/harness/xtask.mjs";
import { GROUPS } from "../rows/all.mjs";
import { BatchingServer } from "../sources/batching_server.mjs";
import { Publisher } from "../sources/publisher.mjs";
import { startBrowser } from "./browsers.mjs";
import { makeBundles } from "./bundles.mjs";
import { contest } from "./contest.mjs";
import { judged } from "./goals.mjs";
import { FLOOR, PARTICIPANTS } from "./participants.mjs";
import { linesOf } from "./results.mjs";
import { serveSite } from "./site.mjs";

/**
 * @typedef {object} Options
 * @property {"chromium" | "firefox"} browser
 * @property {boolean} worker the clients run in dedicated workers
 * @property {"tiny" | "quick" | "full"} extent
 * @property {number} rounds
 * @property {string[]} only rows whose names begin with one of these; all if there is none
 * @property {string[]} among participants besides the floor; all if there is none
 * @property {Map<string, string>} absent participants that can't take part, and why
 */

const BROKER = "mosquitto";
/** Longer than `xtask broker` tries. */
const START = 500_000;

/** @param {Options} options @param {(line: string) => void} tell */
export async function run(options, tell) {
  const { only, among, absent, extent, rounds, worker } = options;
  const names = PARTICIPANTS.map(({ name }) => name)
    .filter((name) => name === FLOOR || among.length === 0 || among.includes(name))
    .filter((name) => !absent.has(name));
  const wanted = (/** @type {{ id: string }} */ { id }) =>
    only.length === 0 || only.some((start) => id.startsWith(start));
  const groups = GROUPS.map((rows) => rows.filter(wanted)).filter((rows) => rows.length > 0);
  if (groups.length === 0) {
    const known = GROUPS.flat().map(({ id }) => id);
    throw new Error(`no row is called ${only.join(", ")}; there are ${known.join(", ")}`);
  }
  const why = await whyNoBroker(BROKER);
  if (why) throw new Error(why);
  await makeBundles(names);

  /** @type {(() => Promise<unknown> | void)[]} */
  const ends = [];
  try {
    // Without rights to look up and without a database, which it would write for each message with QoS 1.
    const broker = await XtaskServer.start(["broker", BROKER, "--port", "0", "--no-acl"], START);
    ends.push(() => broker.stop());
    const [url = "", plainUrl = ""] = broker.ready;
    const publisher = await Publisher.connect(plainUrl);
    ends.push(() => publisher.close());
    const batching = await BatchingServer.start();
    ends.push(() => batching.stop());
    const site = await serveSite();
    ends.push(() => site.close());
    const browser = await startBrowser(options.browser);
    ends.push(() => browser.stop());
    const setting = { browser, site: site.origin, broker: url, publisher, batching };
    const began = performance.now();
    const scores = new Map();
    for (const rows of groups) {
      const found = await contest({ ...setting, worker, extent }, rows, names, rounds, tell);
      for (const [id, score] of found) scores.set(id, score);
    }
    const lines = linesOf(groups.flat(), scores, absent);
    return {
      browser: `${browser.name} ${browser.version}`,
      seconds: (performance.now() - began) / 1000,
      lines,
      goals: judged(lines),
    };
  } finally {
    await endAll(ends.reverse());
  }
}
