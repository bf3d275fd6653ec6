// @ts-check
// `cargo xtask bench`: every MQTT client and the floors side by side in a real browser, against a real broker.
//
//   drive     the run: browsers, rounds, results, table, goals
//   rows      what is measured, one file for each kind
//   peers     who takes part, one small adapter each
//   minimal   the smallest application of each, for its size and its cold start
//   page      the page around a participant: the tasks of a client, and the floors, which have none
//   sources   where messages come from
//
// The rules of fairness are in docs/performance.md.

import { mkdir, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { run } from "./drive/bench.mjs";
import { keep } from "./drive/documents.mjs";
import { goalsTable, table } from "./drive/table.mjs";

// Browsers end with this process, if it ends by itself.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    worker: { type: "boolean", default: false },
    browser: { type: "string", default: "chromium" },
    rounds: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
    peer: { type: "string", multiple: true, default: [] },
    out: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

const { quick, worker, browser, only, peer, out, write } = values;
if (browser !== "chromium" && browser !== "firefox") throw new Error(`no browser ${browser}`);
const rounds = Number(values.rounds ?? (quick ? 2 : 5));

/** @type {Map<string, string>} */
const absent = new Map();
const why = process.env.WEBMQTT_BENCH_NO_MQTT5_WASM;
if (why) absent.set("mqtt5_wasm", why);

const extent = quick ? "quick" : "full";
const found = await run({ browser, worker, extent, rounds, only, among: peer, absent }, (line) =>
  console.log(`  ${line}`),
);

const [cpu] = os.cpus();
const about = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${os.cpus().length} × ${cpu?.model}`,
  browser: found.browser,
  broker: "Mosquitto of Debian 13",
  place: worker ? "dedicated worker" : "window",
  extent,
  rounds,
  seconds: Math.round(found.seconds),
};
console.log(`
${about.date}, ${about.machine}, ${about.browser}, ${about.broker}, client in a ${about.place}, ${rounds} rounds in ${about.seconds} s.
The floor's medians, of the others the ratios to it in the same round; ± is the range of the rounds.

${table(found.lines)}

${goalsTable(found.goals)}`);
const all = { ...about, lines: found.lines, goals: found.goals };
if (out) {
  await mkdir(path.dirname(out), { recursive: true });
  await writeFile(out, `${JSON.stringify(all, null, 1)}\n`);
  console.log(`\nAll of it as JSON: ${out}`);
}
if (write) await keep(all, path.resolve(import.meta.dirname, ".."));
