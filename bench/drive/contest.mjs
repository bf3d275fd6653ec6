// @ts-check
// Runs rows: every participant in every round, each round beginning with another one, so that whatever else the machine
// does hits all of them. Who fails a row is out of it, with the reason.

import { endAll } from "../../tests/browser/harness/ending.mjs";
import { quantile } from "./statistics.mjs";

/**
 * @typedef {object} Metric
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {"more" | "less"} better
 * @property {boolean} [plain] a ratio to the floor says nothing
 * @property {string} [base] the metric whose floor it is compared with, if it is not its own
 */

/**
 * What a row can use.
 * @typedef {object} Setting
 * @property {import("./browsers.mjs").Browser} browser
 * @property {string} site
 * @property {string} broker WebSocket URL of Mosquitto
 * @property {import("../sources/publisher.mjs").Publisher} publisher connected to it
 * @property {import("../sources/batching_server.mjs").BatchingServer} batching
 * @property {boolean} worker
 * @property {"tiny" | "quick" | "full"} extent
 */

/**
 * A page with one participant in it.
 * @typedef {object} Contestant
 * @property {string} name
 * @property {import("./browsers.mjs").Tab} tab
 * @property {import("./browsers.mjs").Gauge} gauge
 * @property {(task: string, argument?: unknown) => Promise<any>} run
 */

/** @typedef {Record<string, number | string>} Measured by metric; a text says why there is no number */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {Metric[]} metrics
 * @property {(setting: Setting, contestant: Contestant, round: number) => Promise<Measured>} measure
 * @property {number} [rounds] if it is another number than the run's
 * @property {boolean} [pageless] needs no page with the participant
 */

/** @typedef {{ values: Record<string, number[]>, failure: string | undefined, why: Record<string, string> }} Score */

const TASK_PATIENCE = 120_000;

/** @template T @param {Promise<T>} promise @param {string} what @returns {Promise<T>} */
async function inTime(promise, what) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end of \`${what}\` in time`)), TASK_PATIENCE);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}

/** Pages and workers tell of errors in different words. @param {Error} error */
function sentenceOf({ message }) {
  return (message.split("\n")[0] ?? "").replace(/^(Uncaught |\(in promise\) |Error: )+/, "");
}

/** @param {Setting} setting @param {string} name @returns {Promise<Contestant>} */
async function enter(setting, name) {
  const worker = setting.worker ? "&worker" : "";
  const tab = await setting.browser.open(`${setting.site}/?participant=${name}${worker}`);
  const contestant = {
    name,
    tab,
    gauge: setting.browser.gauge(tab),
    run: (/** @type {string} */ task, /** @type {unknown} */ argument) => {
      const words = [task, argument].map((word) => JSON.stringify(word) ?? "undefined");
      return inTime(tab.evaluate(`bench.run(${words})`), task);
    },
  };
  // The document is complete before its module has loaded the participant.
  const loaded = `new Promise((resolve, reject) => {
    const began = performance.now();
    (function look() {
      if (globalThis.bench) resolve(1);
      else if (performance.now() - began > 90000) reject(new Error("it does not load here"));
      else setTimeout(look, 5);
    })();
  })`;
  await inTime(tab.evaluate(loaded), "load");
  return contestant;
}

/**
 * @param {Setting} setting @param {readonly Row[]} rows of one page each @param {readonly string[]} names
 * @param {number} rounds @param {(line: string) => void} tell
 * @returns {Promise<Map<string, Map<string, Score>>>} by row and participant
 */
export async function contest(setting, rows, names, rounds, tell) {
  /** @type {Map<string, Map<string, Score>>} */
  const scores = new Map();
  /** @type {Map<string, Contestant>} */
  const pages = new Map();
  /** Why it can take part in nothing. @type {Map<string, string>} */
  const out = new Map();
  for (const row of rows) {
    const began = performance.now();
    /** @type {Map<string, Score>} */
    const byName = new Map(
      names.map((name) => [name, { values: {}, failure: out.get(name), why: {} }]),
    );
    scores.set(row.id, byName);
    for (let round = 0; round < (row.rounds ?? rounds); round++) {
      for (let place = 0; place < names.length; place++) {
        const name = names[(place + round) % names.length] ?? "";
        const score = byName.get(name);
        if (!score || score.failure !== undefined) continue;
        try {
          let page = pages.get(name);
          if (!page && !row.pageless) {
            page = await enter(setting, name);
            pages.set(name, page);
          }
          await page?.tab.show();
          const contestant = page ?? /** @type {Contestant} */ ({ name });
          for (const [id, value] of Object.entries(await row.measure(setting, contestant, round))) {
            if (typeof value === "string") score.why[id] = value;
            else {
              score.values[id] ??= [];
              score.values[id].push(value);
            }
          }
        } catch (error) {
          score.failure = sentenceOf(/** @type {Error} */ (error));
          if (!pages.has(name) && !row.pageless) out.set(name, score.failure);
          // Whatever state it is in, the next row begins with a new page.
          await endAll([() => pages.get(name)?.tab.close()]);
          pages.delete(name);
        }
      }
    }
    const first = row.metrics[0];
    const done = names.map((name) => {
      const values = first && byName.get(name)?.values[first.id];
      return `${name} ${values ? Number(quantile(values, 0.5).toPrecision(3)) : "-"}`;
    });
    tell(`${row.id}: ${done.join(", ")} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  }
  await endAll(
    [...pages.values()].map(
      ({ tab }) =>
        () =>
          tab.close(),
    ),
  );
  return scores;
}
