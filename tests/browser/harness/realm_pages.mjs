// @ts-check
// Windows or workers of the engine that was chosen for this process, whose browser is started and stopped elsewhere. A tab
// serves one test after the other: a new document or a new worker is as good as a new tab, and comes sooner.

/** @typedef {import("./engines/engine.mjs").Choice} Choice */
/** @typedef {import("./engines/engine.mjs").Tab} Tab */
/** @typedef {import("./lab.mjs").Site} Site */
/** @typedef {import("./realm.mjs").Realm} Realm */

/**
 * @typedef {object} Started
 * @property {Realm} realm
 * @property {() => Promise<Realm>} again it ends, and another one starts in its place
 * @property {() => Promise<void>} end the tab is free for another test
 * @property {() => Promise<void>} close
 */

/** Runs in the window that owns the worker. @param {{ place: string, name: string }} worker */
function startWorker({ place, name }) {
  const address = `/page/realm.js?realm=${name}`;
  /** @type {Worker | SharedWorker} */
  const worker =
    place === "worker"
      ? new Worker(address, { type: "module" })
      : new SharedWorker(address, { type: "module" });
  worker.onerror = (/** @type {any} */ event) => {
    void fetch(`/realm/${name}`, {
      method: "POST",
      body: `the worker failed: ${event.message ?? "it was not loaded"}`,
    });
  };
  Object.assign(globalThis, { worker });
}

export class RealmPages {
  #browser;
  #place;
  /** @type {Set<Tab>} */
  #tabs = new Set();
  /** Those that no test is using. @type {Tab[]} */
  #free = [];
  /** The window that owns the workers. @type {{ site: Site, tab: Tab, realm: Realm } | undefined} */
  #owner;

  /** @param {Choice} choice */
  constructor({ browser, place }) {
    this.#browser = browser;
    this.#place = place;
  }

  async start() {}

  async stop() {
    for (const tab of this.#tabs) await tab.close();
    this.#tabs.clear();
    this.#free = [];
    this.#owner = undefined;
  }

  /** @returns {Promise<import("playwright-core").Page>} */
  async blank() {
    throw new Error("only Playwright's pages can be had without the package");
  }

  /** A new document, in a tab of its own or instead of the one in `used`. @param {Site} site @param {Tab} [used] */
  async #document(site, used = this.#free.pop()) {
    const realm = site.realms.expect();
    const address = `${site.origin}/page/realm.html?realm=${realm.name}`;
    const tab = used ?? (await this.#browser().open(address));
    this.#tabs.add(tab);
    if (used) await tab.goto(address);
    await realm.started();
    return { tab, realm };
  }

  /** @param {Site} site @returns {Promise<Started>} */
  async #window(site) {
    const { tab, realm } = await this.#document(site);
    return {
      realm,
      again: async () => (await this.#document(site, tab)).realm,
      end: async () => void this.#free.push(tab),
      close: async () => {
        this.#tabs.delete(tab);
        await tab.close();
      },
    };
  }

  /** @param {Site} site @returns {Promise<Started>} */
  async #worker(site) {
    if (this.#owner?.site !== site) {
      this.#owner = { site, ...(await this.#document(site, this.#owner?.tab)) };
    }
    const { realm: owner } = this.#owner;
    const start = async () => {
      const realm = site.realms.expect();
      await owner.evaluate(startWorker, { place: this.#place, name: realm.name });
      await realm.started();
      return realm;
    };
    let realm = await start();
    const end = async () => {
      if (this.#place === "shared worker") await realm.evaluate(() => close()).catch(() => {});
      else await owner.evaluate(() => globalThis.worker.terminate());
    };
    const again = async () => {
      await end();
      realm = await start();
      return realm;
    };
    // Workers end with their page.
    return { realm, again, end, close: () => this.stop() };
  }

  /** @param {Site} site @param {boolean} ledger @returns {Promise<import("./lab.mjs").Parts>} */
  async open(site, ledger) {
    if (ledger) throw new Error("only Playwright's pages count what they hold on to");
    const started = await (this.#place === "window" ? this.#window(site) : this.#worker(site));
    let { realm } = started;
    const { exceptions, sockets } = realm;
    let closed = false;
    const page = {
      /** @param {() => unknown} body @param {unknown} [argument] */
      evaluate: (body, argument) => realm.evaluate(body, argument),
      isClosed: () => closed,
      close: async () => {
        closed = true;
        await started.close();
      },
    };
    const reload = async () => {
      realm = await started.again();
      Object.assign(realm, { exceptions, sockets });
    };
    const done = async () => {
      if (!closed) await started.end();
    };
    return { page: /** @type {any} */ (page), exceptions, sockets, reload, done };
  }
}
