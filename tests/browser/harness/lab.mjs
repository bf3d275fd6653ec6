// @ts-check
// One browser and one site for each test file, one fresh page for each test.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { Arrivals } from "./arrivals.mjs";
import { endAll } from "./ending.mjs";
import { choice } from "./engines/engine.mjs";
import { removeFolder, temporaryFolder } from "./folders.mjs";
import { launched } from "./launching.mjs";
import { PageClient } from "./page_client.mjs";
import { ARRIVAL, END, LAUNCH, START } from "./patience.mjs";
import { untilClosed } from "./processes.mjs";
import { RealmPages } from "./realm_pages.mjs";
import { serveSite } from "./site.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** A closed network must not be asked for anything, and a test must not depend on the sandbox. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * A browser with a profile of its own, and its end.
 * @param {{ serviceWorkers?: "allow" | "block", ignoreHTTPSErrors?: boolean, args?: string[] }} [options]
 * @returns {Promise<{ browser: import("playwright-core").BrowserContext, end: () => Promise<void> }>}
 */
export async function launchChromium({ args = [], ...options } = {}) {
  const launch = async (/** @type {(end: () => unknown) => void} */ otherwise) => {
    const profile = await temporaryFolder("chromium");
    otherwise(() => removeFolder(profile));
    const browser = await chromium.launchPersistentContext(profile, {
      ignoreHTTPSErrors: true,
      ...options,
      executablePath: process.env.WEBMQTT_CHROMIUM ?? "/usr/bin/chromium",
      headless: true,
      args: [...ARGUMENTS, ...args],
      // It ends its process then, so that there is time for that.
      timeout: LAUNCH - 20_000,
    });
    return { browser, profile };
  };
  const { browser, profile } = await launched("Chromium", launch);
  browser.setDefaultTimeout(ARRIVAL);
  browser.setDefaultNavigationTimeout(LAUNCH);
  const end = async () => {
    await untilClosed(() => browser.close(), profile);
    await removeFolder(profile);
  };
  return { browser, end };
}

/**
 * What there is of a page with the package loaded, whatever drives it.
 * @typedef {object} Parts
 * @property {Page} page in the engines that Playwright does not drive only `evaluate`, `isClosed` and `close`
 * @property {Arrivals<string>} exceptions
 * @property {string[]} sockets
 * @property {() => Promise<void>} reload
 * @property {() => Promise<void>} done
 */

/** One page with the package loaded. */
export class Bench {
  page;
  /** Uncaught exceptions. */
  exceptions;
  /** URLs of the WebSockets that were opened. */
  sockets;
  /** Everything that runs in the page is gone; its storage stays. */
  reload;
  /** Ends what the test leaves running. */
  done;

  /** @param {Parts} parts */
  constructor({ page, exceptions, sockets, reload, done }) {
    this.page = page;
    this.exceptions = exceptions;
    this.sockets = sockets;
    this.reload = reload;
    this.done = done;
  }

  /**
   * A client in the page that has not connected yet.
   * @param {string} url @param {object} [options]
   */
  client(url, options = {}) {
    return PageClient.open(this.page, url, options);
  }

  /** A client in the page that is connected. @param {string} url @param {object} [options] */
  async connected(url, options = {}) {
    const client = await this.client(url, options);
    const connected = await client.connect();
    assert.ok("value" in connected, `connect() rejected: ${JSON.stringify(connected)}`);
    return client;
  }

  /** The page broke no rule of its Content-Security-Policy. */
  async assertPolicyKept() {
    if (this.page.isClosed()) return;
    const violations = await this.page.evaluate(() => globalThis.bench.violations);
    assert.deepEqual(violations, []);
  }
}

/** @typedef {(bench: Bench, t: import("node:test").TestContext) => Promise<void>} PageTest */
/** @typedef {Awaited<ReturnType<typeof serveSite>>} Site */

/**
 * @typedef {object} PageOptions
 * @property {boolean} [tls] serve the page over https:
 * @property {boolean} [ledger] count what the page holds on to
 * @property {string} [withhold] cut off requests for files with this ending
 */

/** Pages in Chromium, driven by Playwright. */
class PlaywrightPages {
  /** @type {Awaited<ReturnType<typeof launchChromium>> | undefined} */
  #chromium;

  async start() {
    this.#chromium = await launchChromium();
  }

  async stop() {
    await this.#chromium?.end();
  }

  async blank() {
    const page = await this.#chromium?.browser.newPage();
    if (!page) throw new Error("the lab has not been started");
    return page;
  }

  /** @param {Site} site @param {boolean} ledger @returns {Promise<Parts>} */
  async open(site, ledger) {
    const page = await this.blank();
    /** @type {Arrivals<string>} */
    const exceptions = new Arrivals();
    /** @type {string[]} */
    const sockets = [];
    page.on("pageerror", (error) => exceptions.push(String(error)));
    page.on("websocket", (socket) => sockets.push(socket.url()));
    // Importing it from here, and not from the document, makes a failure to load a rejection.
    const load = () => page.evaluate(() => import(/** @type {any} */ ("/page/bench.js")));
    const reload = async () => {
      await page.reload();
      await load();
    };
    await page.goto(site.origin);
    if (ledger) await page.evaluate(() => import(/** @type {any} */ ("/page/ledger.js")));
    await load();
    return { page, exceptions, sockets, reload, done: () => page.close() };
  }
}

export class Lab {
  #pages;
  /** @type {Site[]} */
  #sites = [];

  constructor() {
    const chosen = choice();
    this.#pages = chosen ? new RealmPages(chosen) : new PlaywrightPages();
  }

  async start() {
    await this.#pages.start();
    this.#sites = [await serveSite(), await serveSite({ tls: true })];
  }

  async stop() {
    await endAll([() => this.#pages.stop(), ...this.#sites.map((site) => () => site.close())]);
  }

  /** A page without anything. */
  blank() {
    return this.#pages.blank();
  }

  /** @param {PageOptions} [options] */
  async open({ tls = false, ledger = false, withhold } = {}) {
    const site = this.#sites[tls ? 1 : 0];
    if (!site) throw new Error("the lab has not been started");
    site.withhold(withhold);
    return new Bench(await this.#pages.open(site, ledger));
  }

  /**
   * A test body that gets a page of its own.
   * @param {PageTest} body
   * @param {PageOptions} [options]
   * @returns {(t: import("node:test").TestContext) => Promise<void>}
   */
  withPage(body, options) {
    return async (t) => {
      const bench = await this.open(options);
      try {
        await body(bench, t);
        await bench.assertPolicyKept();
      } finally {
        await bench.done();
      }
    };
  }
}

/** A lab that lives as long as the surrounding `describe`. */
export function useLab() {
  const lab = new Lab();
  before(() => lab.start(), { timeout: START });
  after(() => lab.stop(), { timeout: END });
  return lab;
}
