// @ts-check
// A whole run in the documents: `docs/bench.json`, the tables in `docs/performance.md` and in the README, and the
// picture. Each table stands between two marks.

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { CHOSEN } from "./chosen.mjs";
import { FLOOR, PARTICIPANTS, SHOWN } from "./participants.mjs";
import { draw } from "./picture.mjs";
import { number, withSpread } from "./table.mjs";

/** @typedef {import("./results.mjs").Line} Line */
/** @typedef {import("./results.mjs").Cell} Cell */
/** @typedef {ReturnType<typeof import("./goals.mjs").judged>} Goals */

/**
 * A run and where it was made.
 * @typedef {object} Found
 * @property {string} date
 * @property {string} machine
 * @property {string} browser
 * @property {string} broker
 * @property {number} rounds
 * @property {number} seconds
 * @property {Line[]} lines
 * @property {Goals} goals
 */

const BEGIN = "<!-- bench: written by `cargo xtask bench --write` -->";
const END = "<!-- end of bench -->";

/** @param {readonly (readonly string[])[]} rows the first is the head, the first column is text */
function markdown([head = [], ...rows]) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [line(head), `|${rule.join("|")}|`, ...rows.map(line)].join("\n");
}

/**
 * @param {Cell | undefined} cell @param {boolean} isValue not a ratio
 * @param {(summary: import("./statistics.mjs").Summary) => string} text
 */
function shown(cell, isValue, text) {
  if (!cell || "failure" in cell) return "–";
  return isValue || !cell.ratio ? text(cell.value) : `${text(cell.ratio)} ×`;
}

/** @param {readonly Line[]} lines */
function chosenTable(lines) {
  const rows = CHOSEN.flatMap(({ id, title, plain }) => {
    const line = lines.find((one) => one.id === id);
    if (!line) return [];
    const cells = SHOWN.map(({ name }) =>
      shown(line.cells[name], plain === true || name === FLOOR, ({ median }) => number(median)),
    );
    return [[title, ...cells]];
  });
  return markdown([["", ...SHOWN.map(({ title }) => title)], ...rows]);
}

/** @param {readonly Line[]} lines */
function wholeTable(lines) {
  const rows = lines.map(({ title, unit, cells }) => [
    `${title}, ${unit}`,
    ...PARTICIPANTS.map(({ name }) => shown(cells[name], name === FLOOR, withSpread)),
  ]);
  return markdown([["", ...PARTICIPANTS.map(({ title }) => title)], ...rows]);
}

/** Why somebody failed a row. @param {readonly Line[]} lines */
function reasons(lines) {
  const all = lines.flatMap(({ cells }) =>
    PARTICIPANTS.flatMap(({ name, title }) => {
      const cell = cells[name];
      return cell && "failure" in cell ? [`- ${title}: ${cell.failure}`] : [];
    }),
  );
  return [...new Set(all)].join("\n");
}

/** @param {Goals} goals */
function goalsTable(goals) {
  const rows = goals.map(({ title, sense, wanted, value, met }) => [
    title,
    `${sense} ${number(wanted)}`,
    number(value),
    met ? "met" : "**missed**",
  ]);
  return markdown([["goal", "wanted", "reached", ""], ...rows]);
}

/** @param {string} file @param {string} text between the marks */
async function put(file, text) {
  const old = await readFile(file, "utf8");
  const [from, to] = [old.indexOf(BEGIN), old.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`no place for the benchmark in ${file}`);
  await writeFile(file, `${old.slice(0, from + BEGIN.length)}\n\n${text}\n\n${old.slice(to)}`);
}

/** @param {Found} found @param {string} root of the project */
export async function keep(found, root) {
  const { date, machine, browser, broker, rounds, seconds, lines, goals } = found;
  const where = `${date}, ${browser}, ${broker}, ${machine}, ${rounds} rounds in ${seconds} s.`;
  const read = "The floor's medians, of the others the ratios to it in the same round";
  const docs = path.join(root, "docs");
  await writeFile(path.join(docs, "bench.json"), `${JSON.stringify(found, null, 2)}\n`);
  await draw(path.join(docs, "bench.png"), lines, where);
  await put(
    path.join(docs, "performance.md"),
    [
      `${where} ${read}; ± is how far the farthest round is from it; – is a row that somebody fails.`,
      wholeTable(lines),
      reasons(lines),
      "The goals of this package, in the same run:",
      goalsTable(goals),
    ].join("\n\n"),
  );
  await put(path.join(root, "README.md"), [chosenTable(lines), `${where} ${read}.`].join("\n\n"));
}
