// @ts-check
// Windows or workers of the engine that was chosen for this process, whose browser is started and stopped elsewhere. One
// tab serves many tests: a new document or a new worker is as good as a new tab, and comes sooner.

/** @typedef {import("./engines/engine.mjs").Choice} Choice */
/** @typedef {import("./engines/engine.mjs").Tab} Tab */
/** @typedef {import("./lab.mjs").Site} Site */
/** @typedef {import("./realm.mjs").Realm} Realm */

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
  /** @type {Tab | undefined} */
  #tab;
  /** The window that owns the workers. @type {{ site: Site, realm: Realm } | undefined} */
  #owner;

  /** @param {Choice} choice */
  constructor({ browser, place }) {
    this.#browser = browser;
    this.#place = place;
  }

  async start() {}

  async stop() {
    await this.#tab?.close();
    this.#tab = undefined;
    this.#owner = undefined;
  }

  /** @returns {Promise<import("playwright-core").Page>} */
  async blank() {
    throw new Error("only Playwright's pages can be had without the package");
  }

  /** A window of its own. @param {Site} site */
  async #window(site) {
    const realm = site.realms.expect();
    const address = `${site.origin}/page/realm.html?realm=${realm.name}`;
    if (this.#tab) await this.#tab.goto(address);
    else this.#tab = await this.#browser().open(address);
    await realm.started();
    return realm;
  }

  /** A worker of its own. @param {Site} site */
  async #worker(site) {
    if (this.#owner?.site !== site) this.#owner = { site, realm: await this.#window(site) };
    const realm = site.realms.expect();
    await this.#owner.realm.evaluate(startWorker, { place: this.#place, name: realm.name });
    await realm.started();
    return realm;
  }

  /** @param {Realm} realm */
  async #end(realm) {
    if (this.#place === "shared worker") await realm.evaluate(() => close()).catch(() => {});
    else if (this.#place === "worker") {
      await this.#owner?.realm.evaluate(() => globalThis.worker.terminate());
    }
  }

  /** @param {Site} site @param {boolean} ledger @returns {Promise<import("./lab.mjs").Parts>} */
  async open(site, ledger) {
    if (ledger) throw new Error("only Playwright's pages count what they hold on to");
    const start = () => (this.#place === "window" ? this.#window(site) : this.#worker(site));
    let realm = await start();
    const { exceptions, sockets } = realm;
    let closed = false;
    const page = {
      /** @param {() => unknown} body @param {unknown} [argument] */
      evaluate: (body, argument) => realm.evaluate(body, argument),
      isClosed: () => closed,
      // Workers end with their page.
      close: async () => {
        closed = true;
        await this.stop();
      },
    };
    const reload = async () => {
      await this.#end(realm);
      realm = await start();
      Object.assign(realm, { exceptions, sockets });
    };
    const done = async () => {
      if (!closed) await this.#end(realm);
    };
    return { page: /** @type {any} */ (page), exceptions, sockets, reload, done };
  }
}
