// @ts-check
// What a page has in use, after a collection of garbage.

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
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.enable");
    return new Memory(page, session);
  }

  /** @returns {Promise<Reading>} */
  async read() {
    // The first one finds garbage that finalisers make.
    for (let round = 0; round < 3; round++) {
      await this.#session.send("HeapProfiler.collectGarbage");
    }
    const { usedSize } = await this.#session.send("Runtime.getHeapUsage");
    return {
      heap: usedSize,
      wasm: await this.#page.evaluate(() => globalThis.ledger.memory()),
    };
  }
}
