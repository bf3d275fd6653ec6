// @ts-check
// One browser and one site for each test file, one fresh page for each test.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { Arrivals } from "./arrivals.mjs";
import { choice } from "./engines/engine.mjs";
import { PageClient } from "./page_client.mjs";
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
 * @param {string} profile an empty directory
 * @param {{ serviceWorkers?: "allow" | "block", ignoreHTTPSErrors?: boolean, args?: string[] }} [options]
 */
export function launchChromium(profile, { args = [], ...options } = {}) {
  return chromium.launchPersistentContext(profile, {
    ignoreHTTPSErrors: true,
    ...options,
    executablePath: process.env.WEBMQTT_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [...ARGUMENTS, ...args],
  });
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
  /** @type {import("playwright-core").BrowserContext | undefined} */
  #browser;
  #profile = "";

  async start() {
    this.#profile = await mkdtemp(path.join(os.tmpdir(), "webmqtt-chromium-"));
    this.#browser = await launchChromium(this.#profile);
  }

  async stop() {
    await this.#browser?.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async blank() {
    const page = await this.#browser?.newPage();
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
    await this.#pages.stop();
    for (const site of this.#sites) await site.close();
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
  before(() => lab.start(), { timeout: 60_000 });
  after(() => lab.stop(), { timeout: 30_000 });
  return lab;
}
