// @ts-check
// Numbers that follow from a seed, so that a run that failed can be had again.

export class Random {
  /** @type {number} */
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635) >>> 0;
    // Neighbouring seeds begin alike.
    for (let round = 0; round < 4; round++) this.below(2);
  }

  /** An integer from 0 to `limit` - 1. @param {number} limit */
  below(limit) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    /** @type {number} */
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  /** An integer from `from` to `to`. @param {number} from @param {number} to */
  between(from, to) {
    return from + this.below(to - from + 1);
  }

  /** @param {number} percent */
  chance(percent) {
    return this.below(100) < percent;
  }

  /** @template T @param {readonly [T, ...T[]]} items @returns {T} */
  pick(items) {
    return items[this.below(items.length)] ?? items[0];
  }
}
