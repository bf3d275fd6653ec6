// @ts-check
// What a seed means: the scripts of the connections of one run, one after the other. A run with the same seed has the
// same faults at the same times; what of the traffic they meet is up to the machine.

import { Random } from "./random.mjs";

/** @typedef {import("./fault_proxy.mjs").Script} Script */
/** @typedef {import("./fault_proxy.mjs").Shape} Shape */
/** @typedef {import("./fault_proxy.mjs").OpeningFault} OpeningFault */
/** @typedef {import("./fault_proxy.mjs").StandingFault} StandingFault */

/** @type {readonly [OpeningFault, ...OpeningFault[]]} */
const OPENING = ["refuse", "request", "response", "connack", "connack", "mute"];

/** Those that happen often. @type {readonly [StandingFault, ...StandingFault[]]} */
const STANDING = [
  "reset",
  "reset",
  "end",
  "truncate",
  "truncate",
  "stall",
  "deaf-client",
  "deaf-server",
  "corrupt-packet",
  "corrupt-frame",
];

/** Every kind that a plan can have. @type {ReadonlySet<string>} */
export const FAULTS = new Set([...OPENING, ...STANDING, "half-open"]);

/** Faults that take the client a second and more to notice. */
const HALF_OPEN_PERCENT = 6;

export class FaultPlan {
  #random;
  #calm = false;

  /** @param {number} seed */
  constructor(seed) {
    this.#random = new Random(seed);
  }

  /** Nothing happens to connections from now on. */
  calm() {
    this.#calm = true;
  }

  /** What happens to the next connection. @returns {Script} */
  script() {
    if (this.#calm) return {};
    const random = this.#random;
    const shape = this.#shape();
    if (random.chance(25)) return { opening: random.pick(OPENING), shape };
    if (random.chance(HALF_OPEN_PERCENT)) {
      return { shape, faults: [{ kind: "half-open", after: random.between(0, 600) }] };
    }
    const faults = [];
    let after = 0;
    do {
      after += random.between(20, 500);
      faults.push({ kind: random.pick(STANDING), after, lasts: random.between(10, 300) });
    } while (random.chance(30));
    // Whatever these were, it does not stand for long.
    faults.push({ kind: /** @type {const} */ ("reset"), after: after + random.between(300, 700) });
    return { shape, faults };
  }

  /** @returns {Shape} */
  #shape() {
    const random = this.#random;
    return {
      delay: random.chance(30) ? random.between(1, 60) : 0,
      jitter: random.chance(30) ? random.between(1, 40) : 0,
      split: random.chance(40),
      merge: random.chance(40),
    };
  }
}
