// @ts-check
// What a run has found: of each metric and participant the value, and the ratio to the floor of the same round.

import { FLOOR, PARTICIPANTS } from "./participants.mjs";
import { summary } from "./statistics.mjs";

/** @typedef {import("./contest.mjs").Score} Score */
/** @typedef {import("./statistics.mjs").Summary} Summary */

/** @typedef {{ value: Summary, ratio?: Summary } | { failure: string }} Cell */

/**
 * @typedef {object} Line
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {"more" | "less"} better
 * @property {Record<string, Cell>} cells by participant
 */

/**
 * @param {readonly import("./contest.mjs").Row[]} rows
 * @param {Map<string, Map<string, Score>>} scores by row
 * @param {ReadonlyMap<string, string>} absent participants that could not take part, and why
 * @returns {Line[]}
 */
export function linesOf(rows, scores, absent) {
  /** Of the floor, by metric. @type {Map<string, number[]>} */
  const floors = new Map();
  for (const byName of scores.values()) {
    for (const [id, values] of Object.entries(byName.get(FLOOR)?.values ?? {})) {
      floors.set(id, values);
    }
  }
  return rows.flatMap((row) =>
    row.metrics.map(({ base, plain, ...metric }) => {
      /** @type {Record<string, Cell>} */
      const cells = {};
      for (const { name } of PARTICIPANTS) {
        const why = absent.get(name);
        const score = scores.get(row.id)?.get(name);
        if (why !== undefined) cells[name] = { failure: `skipped: ${why}` };
        else if (score) {
          cells[name] = cellOf(score, metric.id, plain ? [] : floors.get(base ?? metric.id));
        }
      }
      return { ...metric, cells };
    }),
  );
}

/** @param {Score} score @param {string} id @param {readonly number[] | undefined} floor @returns {Cell} */
function cellOf({ values, failure, why }, id, floor) {
  const own = values[id];
  if (failure !== undefined || !own?.length) {
    return { failure: failure ?? why[id] ?? "not measured" };
  }
  const ratios = own.flatMap((value, round) => {
    const by = floor?.[round];
    return by ? [value / by] : [];
  });
  return { value: summary(own), ...(ratios.length && { ratio: summary(ratios) }) };
}
