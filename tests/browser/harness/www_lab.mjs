// @ts-check
// The built page (`target/www`) under its own Content-Security-Policy, in headless Chromium, with
// everything noted that must not happen on it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Broker } from "./broker.mjs";
import { endAll } from "./ending.mjs";
import { launchChromium } from "./lab.mjs";
import { END, START, TEST } from "./patience.mjs";
import { listen } from "./sockets.mjs";
import { uniqueName, Witness } from "./witness.mjs";

/** @typedef {import("playwright-core").Page} Page */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const built = path.join(root, "target", "www");

const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json"],
  [".svg", "image/svg+xml"],
  [".wasm", "application/wasm"],
  [".webmanifest", "application/manifest+json"],
  [".png", "image/png"],
]);

/** What the browser says because of the tests, or only because the machine is slow. */
const NOT_OURS =
  /Service Worker registration blocked by Playwright|preloaded .* but not used within a few seconds/;

/** Everything that must not happen on the page, collected while it runs. */
export class Offences {
  /** @type {string[]} */
  list = [];

  /** @param {Page} page */
  watch(page) {
    page.on("pageerror", (error) => this.list.push(`exception: ${error}`));
    page.on("console", (message) => {
      const ours = !NOT_OURS.test(message.text());
      if (ours && ["error", "warning"].includes(message.type())) {
        this.list.push(`console: ${message.text()}`);
      }
    });
    page.on("request", (request) => this.#leaving(request.url()));
    page.on("websocket", (socket) => this.#leaving(socket.url()));
    page.on("requestfailed", (request) => {
      // Leaving the page ends what it still asks for.
      if (request.failure()?.errorText !== "net::ERR_ABORTED") {
        this.list.push(`failed: ${request.url()}`);
      }
    });
  }

  /** Also what the policy forbids; before the page is opened. @param {Page} page */
  async watchPolicy(page) {
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
  }

  /** @param {string} url */
  #leaving(url) {
    const { hostname, protocol } = new URL(url);
    if (["data:", "blob:"].includes(protocol)) return;
    if (hostname !== "127.0.0.1") this.list.push(`left the machine: ${url}`);
  }
}

/** The built page, or that in another folder. */
export async function serve(folder = built) {
  const policy = (await readFile(path.join(root, "www", "csp.txt"), "utf8")).trim();
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const name = pathname === "/" ? "index.html" : path.basename(pathname);
    try {
      const body = await readFile(path.join(folder, name));
      const type = TYPES.get(path.extname(name)) ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "content-security-policy": policy });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  const { port, close } = await listen(server);
  return { origin: `http://127.0.0.1:${port}`, close };
}

/** @typedef {{ page: Page, origin: string, offences: Offences, tell: (text: string) => void }} Www */

/**
 * Tests on the page, each with an empty storage and without its service worker, which would outlive them; for the surrounding `describe`.
 * @param {{ timeout?: number }} [options]
 * @returns {(name: string, body: (www: Www) => Promise<void>) => void}
 */
export function useWww({ timeout = TEST } = {}) {
  /** @type {Awaited<ReturnType<typeof launchChromium>>} */
  let chromium;
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let site;
  before(
    async () => {
      site = await serve();
      chromium = await launchChromium({ serviceWorkers: "block" });
    },
    { timeout: START },
  );
  after(() => endAll([() => chromium?.end(), () => site?.close()]), { timeout: END });
  return (name, body) => {
    test(name, { timeout }, async (t) => {
      const page = await chromium.browser.newPage();
      const offences = new Offences();
      offences.watch(page);
      await offences.watchPolicy(page);
      try {
        await page.goto(site.origin);
        await page.evaluate(() => localStorage.clear());
        await page.goto("about:blank");
        await page.goto(site.origin);
        const tell = (/** @type {string} */ text) => t.diagnostic(text);
        await body({ page, origin: site.origin, offences, tell });
        assert.deepEqual(offences.list, []);
      } finally {
        await page.close();
      }
    });
  };
}

/** @param {Page} page @param {string} state */
export const untilState = (page, state) =>
  page.locator(`[data-testid=state][data-state=${state}]`).waitFor();

/** @param {Page} page @param {string} text */
export const untilRow = (page, text) =>
  page.getByTestId("message-row").filter({ hasText: text }).first().waitFor();

/** Connects with what the form says, but to this URL. @param {Page} page @param {string} url */
export async function connectTo(page, url) {
  await page.getByTestId("url").fill(url);
  await page.getByTestId("connect").click();
  await untilState(page, "connected");
}

/**
 * A broker of the test's own, somebody else who is connected to it, and a topic that nobody else has.
 * @param {Page} page @param {(witness: Witness, topic: string, url: string) => Promise<void>} body
 */
export async function withWitness(page, body) {
  const broker = await Broker.start("embedded");
  const witness = await Witness.connect(broker.url, { version: 4 });
  try {
    await body(witness, uniqueName("page"), broker.url);
    // Before the broker goes, for which the browser would complain.
    await page.goto("about:blank");
  } finally {
    await witness.end();
    await broker.stop();
  }
}
