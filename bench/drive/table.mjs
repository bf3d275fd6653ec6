// @ts-check
// The results as text.

import { FLOOR, PARTICIPANTS } from "./participants.mjs";

/** @typedef {import("./results.mjs").Line} Line */
/** @typedef {import("./results.mjs").Cell} Cell */
/** @typedef {import("./statistics.mjs").Summary} Summary */

/** Three digits that count, and groups of three. @param {number} value */
export function number(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** The median, and how far the farther end of the range is from it. @param {Summary} summary */
export function withSpread({ median, low, high }) {
  const spread = Math.max(high - median, median - low);
  return spread === 0 ? number(median) : `${number(median)} ±${number(spread)}`;
}

/** @param {Cell | undefined} cell @param {boolean} isFloor @param {(reason: string) => string} mark */
function shown(cell, isFloor, mark) {
  if (!cell) return "";
  if ("failure" in cell) return mark(cell.failure);
  if (isFloor || !cell.ratio) return withSpread(cell.value);
  return `${withSpread(cell.ratio)} ×`;
}

/**
 * A line for each metric: of the floor the value, of the others their ratio to it. Reasons are below, by letter.
 * @param {readonly Line[]} lines
 */
export function table(lines) {
  /** @type {string[]} */
  const reasons = [];
  const mark = (/** @type {string} */ reason) => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return `[${reasons.indexOf(reason) + 1}]`;
  };
  const present = PARTICIPANTS.filter(({ name }) => lines.some(({ cells }) => cells[name]));
  const body = lines.map(({ title, unit, cells }) => [
    title,
    unit,
    ...present.map(({ name }) => shown(cells[name], name === FLOOR, mark)),
  ]);
  const all = [["", "", ...present.map(({ title }) => title)], ...body];
  const widths = all[0]?.map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const text = all.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths?.[column] ?? 0) : cell.padStart(widths?.[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return [...text, "", ...reasons.map((reason, at) => `[${at + 1}] ${reason}`)].join("\n");
}

/** @param {ReturnType<typeof import("./goals.mjs").judged>} goals */
export function goalsTable(goals) {
  return goals
    .map(
      ({ title, sense, wanted, value, met }) =>
        `${met ? "met   " : "MISSED"}  ${title}: ${number(value)}, ${sense} ${number(wanted)}`,
    )
    .join("\n");
}
