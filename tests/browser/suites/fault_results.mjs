// @ts-check
// What came of runs with faults, for the documents: `faults.json`, and the table of it in `faults.md`.

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { brokers } from "./broker_facts.mjs";
import { hasQos2, Sum, versionsOf } from "./fault_runs.mjs";

const BEGIN = "<!-- runs: written by `cargo xtask faults` -->";
const END = "<!-- end of runs -->";

/**
 * @typedef {object} Result
 * @property {string} version of the broker
 * @property {string} mqtt versions
 * @property {string} date
 * @property {string} seeds from, to
 * @property {number} runs
 * @property {number} messages
 * @property {number} connections
 * @property {number} lost
 * @property {number | null} doubled null where the broker has no QoS 2
 * @property {number} disordered
 * @property {number} copies
 * @property {Record<string, number>} faults
 * @property {number} failed runs, none
 */

/** @param {number} count */
const grouped = (count) => count.toLocaleString("en");

/** @param {Record<string, Result>} results */
function table(results) {
  const lines = [
    "| broker | MQTT | runs (seeds) | messages | connections | faults | lost | QoS 2 doubled | out of order | copies with QoS 1 | date |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
  ];
  for (const [kind, result] of Object.entries(results)) {
    const { version, mqtt, runs, seeds, messages, connections, lost, doubled } = result;
    const faults = Object.values(result.faults).reduce((all, count) => all + count, 0);
    const cells = [
      `${kind} ${version}`,
      mqtt,
      `${runs} (${seeds})`,
      ...[messages, connections, faults, lost].map(grouped),
      doubled === null ? "has no QoS 2" : grouped(doubled),
      ...[result.disordered, result.copies].map(grouped),
      result.date,
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return lines.join("\n");
}

/**
 * Why these runs do not take the place of those that are known. @param {Result | undefined} known @param {Sum} sum
 */
function whyNot(known, { runs, failed }) {
  if (failed.length > 0) return `${failed.length} runs failed`;
  if (known && runs < known.runs) return `${known.runs} runs are known, these are ${runs}`;
  return undefined;
}

/**
 * Gives the reason if it has not written them.
 * @param {string} folder @param {string} kind of the broker @param {string} version of it
 * @param {number[]} seeds @param {Sum} sum
 */
export async function keep(folder, kind, version, seeds, sum) {
  const json = path.join(folder, "faults.json");
  /** @type {Record<string, Result>} */
  const results = JSON.parse(await readFile(json, "utf8").catch(() => "{}"));
  const why = whyNot(results[kind], sum);
  if (why) return why;
  const facts = brokers[kind];
  const versions = versionsOf(kind);
  const { runs, messages, connections, lost, disordered, copies } = sum;
  results[kind] = {
    version,
    mqtt: versions.map((each) => (each === 5 ? "5.0" : "3.1.1")).join(", "),
    date: new Date().toISOString().slice(0, 10),
    seeds: `${seeds[0]} to ${seeds.at(-1)}`,
    runs,
    messages,
    connections,
    lost,
    doubled: versions.some((each) => hasQos2(facts, each)) ? sum.doubled : null,
    disordered,
    copies,
    faults: Object.fromEntries([...sum.faults].sort()),
    failed: sum.failed.length,
  };
  const sorted = Object.fromEntries(Object.entries(results).sort());
  await writeFile(json, `${JSON.stringify(sorted, undefined, 2)}\n`);
  const page = path.join(folder, "faults.md");
  const text = await readFile(page, "utf8");
  const [before, behind] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || behind < before) throw new Error(`no place for the table in ${page}`);
  const head = text.slice(0, before + BEGIN.length);
  await writeFile(page, `${head}\n\n${table(sorted)}\n\n${text.slice(behind)}`);
  return undefined;
}
