// @ts-check
// A Chromium that is driven by its debugging protocol alone. Playwright keeps every page visible and out of the
// back/forward cache; what happens to pages that are neither is what the tests of the page's life are about.

import { spawn } from "node:child_process";
import { removeFolder, temporaryFolder } from "./folders.mjs";
import { launched } from "./launching.mjs";
import { ARRIVAL } from "./patience.mjs";
import { endWithUs, untilEnded } from "./processes.mjs";
import { RemoteCalls } from "./remote_calls.mjs";

const ARGUMENTS = [
  "--headless=new",
  "--remote-debugging-port=0",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  // Where that is small, pages die.
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** One tab. */
export class Tab {
  #browser;
  #target;
  #session;

  /** @param {RawChromium} browser @param {string} target @param {string} session */
  constructor(browser, target, session) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** @param {string} method @param {object} [parameters] @returns {Promise<any>} */
  send(method, parameters = {}) {
    return this.#browser.send(method, parameters, this.#session);
  }

  /** The value of an expression; promises are awaited. @param {string} expression @returns {Promise<any>} */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      includeCommandLineAPI: true,
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Asks until an expression is true. @param {string} expression */
  async until(expression) {
    const end = performance.now() + ARRIVAL;
    for (;;) {
      // While a page is being replaced there is nothing to ask.
      const value = await this.evaluate(expression).catch(() => false);
      if (value) return;
      if (performance.now() > end) throw new Error(`waited ${ARRIVAL} ms for ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** @param {string} url */
  async goto(url) {
    await this.send("Page.navigate", { url });
    await this.until(
      `location.href.startsWith(${JSON.stringify(url)}) && document.readyState === "complete"`,
    );
  }

  /** Shows it and hides the others. */
  async show() {
    await this.#browser.send("Target.activateTarget", { targetId: this.#target });
  }

  async freeze() {
    await this.send("Page.setWebLifecycleState", { state: "frozen" });
  }

  async thaw() {
    await this.send("Page.setWebLifecycleState", { state: "active" });
  }

  async close() {
    await this.#browser.send("Target.closeTarget", { targetId: this.#target });
  }
}

export class RawChromium {
  #process;
  #profile;
  #calls;

  /** @param {import("node:child_process").ChildProcess} process @param {string} profile @param {RemoteCalls} calls */
  constructor(process, profile, calls) {
    this.#process = process;
    this.#profile = profile;
    this.#calls = calls;
  }

  /** @param {string[]} [more] arguments */
  static async start(more = []) {
    return launched("Chromium", async (otherwise) => {
      const profile = await temporaryFolder("raw-chromium");
      otherwise(() => removeFolder(profile));
      const program = process.env.WEBMQTT_CHROMIUM ?? "/usr/bin/chromium";
      const child = spawn(program, [...ARGUMENTS, `--user-data-dir=${profile}`, ...more], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      endWithUs(child);
      otherwise(() => untilEnded(child, () => child.kill("SIGKILL")));
      const url = await new Promise((resolve, reject) => {
        let said = "";
        child.stderr.on("data", (text) => {
          said += text;
          const found = said.match(/DevTools listening on (ws:\S+)/);
          if (found) resolve(found[1]);
        });
        child.once("error", reject);
        child.once("exit", (code) => reject(new Error(`Chromium ended with ${code}: ${said}`)));
      });
      const calls = await RemoteCalls.open(url, ({ error }) => error?.message);
      return new RawChromium(child, profile, calls);
    });
  }

  /** Hears of every event from now on. @param {(event: { method: string, params: any }) => void} listener */
  listen(listener) {
    this.#calls.onEvent = listener;
  }

  /** @param {string} method @param {object} [parameters] @param {string} [session] @returns {Promise<any>} */
  send(method, parameters = {}, session) {
    return this.#calls.send(method, parameters, session);
  }

  /** A new tab in front. @param {string} url */
  async open(url) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, targetId, sessionId);
    await tab.goto(url);
    await tab.show();
    return tab;
  }

  async stop() {
    await untilEnded(this.#process, () => this.send("Browser.close").catch(() => {}));
    this.#calls.close();
    await removeFolder(this.#profile);
  }
}
