// @ts-check
// What a page has in use, after a collection of garbage.

import { heapOf } from "./heap.mjs";

/** @typedef {{ heap: number, wasm: number }} Reading in bytes */

export class Memory {
  #page;
  #session;

  /** @param {import("playwright-core").Page} page @param {import("playwright-core").CDPSession} session */
  constructor(page, session) {
    this.#page = page;
    this.#session = session;
  }

  /** @param {import("playwright-core").Page} page with the ledger */
  static async of(page) {
    return new Memory(page, await page.context().newCDPSession(page));
  }

  /** @returns {Promise<Reading>} */
  async read() {
    return {
      heap: await heapOf((method) => this.#session.send(method)),
      wasm: await this.#page.evaluate(() => globalThis.ledger.memory()),
    };
  }
}
