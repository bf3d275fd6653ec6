// @ts-check
// A list that grows and that can be waited on. Tests wait for what must arrive, never for time to
// pass; patience only bounds how long a failing test takes.

import { ARRIVAL } from "./patience.mjs";

/** @template T */
export class Arrivals {
  /** @type {T[]} */
  items = [];
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /** @param {T} item */
  push(item) {
    this.items.push(item);
    this.changed();
  }

  /** Asks everybody who waits again; for conditions that depend on more than the items. */
  changed() {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /**
   * Waits until `probe` gives something other than undefined.
   * @template R
   * @param {(items: T[]) => R | undefined} probe
   * @param {() => string} describe said when patience ends
   * @param {number} [patience]
   * @returns {Promise<R>}
   */
  until(probe, describe, patience = ARRIVAL) {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#watchers.delete(check);
        clearTimeout(timer);
      };
      const check = () => {
        try {
          const found = probe(this.items);
          if (found === undefined) return;
          settle();
          resolve(found);
        } catch (error) {
          settle();
          reject(error);
        }
      };
      const timer = setTimeout(() => {
        settle();
        reject(new Error(`waited ${patience} ms for ${describe()}`));
      }, patience);
      this.#watchers.add(check);
      check();
    });
  }
}
