// @ts-check
// One headless Chromium and one site for each test file, one fresh page for each test.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { PageClient } from "./page_client.mjs";
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
 * @param {{ serviceWorkers?: "allow" | "block" }} [options]
 */
export function launchChromium(profile, options = {}) {
  return chromium.launchPersistentContext(profile, {
    ...options,
    executablePath: process.env.WEBMQTT_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    ignoreHTTPSErrors: true,
    args: ARGUMENTS,
  });
}

/** One page with the package loaded. */
export class Bench {
  page;
  /** Uncaught exceptions of the page. @type {string[]} */
  exceptions = [];
  /** URLs of the WebSockets that the page opened. @type {string[]} */
  sockets = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    page.on("pageerror", (error) => this.exceptions.push(String(error)));
    page.on("websocket", (socket) => this.sockets.push(socket.url()));
  }

  /** Loads the package and the bench. Done from here, and not by the document, so that a failure is a rejection. */
  async load() {
    await this.page.evaluate(() => import(/** @type {any} */ ("/page/bench.js")));
  }

  /** Everything that runs in the page is gone; its storage stays. */
  async reload() {
    await this.page.reload();
    await this.load();
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

export class Lab {
  /** @type {import("playwright-core").BrowserContext | undefined} */
  #browser;
  #profile = "";
  /** @type {Awaited<ReturnType<typeof serveSite>>[]} */
  #sites = [];

  async start() {
    this.#profile = await mkdtemp(path.join(os.tmpdir(), "webmqtt-chromium-"));
    this.#browser = await launchChromium(this.#profile);
    this.#sites = [await serveSite(), await serveSite({ tls: true })];
  }

  async stop() {
    await this.#browser?.close();
    for (const site of this.#sites) await site.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A page without anything. */
  async blank() {
    const page = await this.#browser?.newPage();
    if (!page) throw new Error("the lab has not been started");
    return page;
  }

  /**
   * @param {{ tls?: boolean, ledger?: boolean }} [options] tls: serve the page over https:; ledger: count what the page
   *   holds on to
   */
  async open({ tls = false, ledger = false } = {}) {
    const page = await this.blank();
    const site = this.#sites[tls ? 1 : 0];
    if (!site) throw new Error("the lab has not been started");
    const bench = new Bench(page);
    await page.goto(site.origin);
    if (ledger) await page.evaluate(() => import(/** @type {any} */ ("/page/ledger.js")));
    await bench.load();
    return bench;
  }

  /**
   * A test body that gets a page of its own.
   * @param {PageTest} body
   * @param {{ tls?: boolean, ledger?: boolean }} [options]
   * @returns {(t: import("node:test").TestContext) => Promise<void>}
   */
  withPage(body, options) {
    return async (t) => {
      const bench = await this.open(options);
      try {
        await body(bench, t);
        await bench.assertPolicyKept();
      } finally {
        await bench.page.close();
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
