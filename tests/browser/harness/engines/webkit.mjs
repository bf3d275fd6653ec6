// @ts-check
// WebKitGTK's MiniBrowser on a display that nobody sees, driven by WebDriver.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { freePort } from "../ports.mjs";

const START_PATIENCE = 60_000;

/** Waits until `probe` gives something. @template T @param {() => Promise<T | undefined>} probe @param {string} what */
async function eventually(probe, what) {
  const end = performance.now() + START_PATIENCE;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${START_PATIENCE} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** One window. Two tabs of one window would hide each other. */
export class Window {
  #browser;
  #handle;

  /** @param {WebKit} browser @param {string} handle */
  constructor(browser, handle) {
    this.#browser = browser;
    this.#handle = handle;
  }

  /** The value of an expression; promises are awaited. @param {string} expression @returns {Promise<any>} */
  evaluate(expression) {
    const script = `return (${expression});`;
    return this.#browser.send(this.#handle, "POST", "/execute/sync", { script, args: [] });
  }

  /** @param {string} url */
  async goto(url) {
    await this.#browser.send(this.#handle, "POST", "/url", { url });
  }

  async close() {
    await this.#browser.send(this.#handle, "DELETE", "/window");
  }
}

export class WebKit {
  #processes;
  #folder;
  #address;
  #session = "";
  #first = "";
  /** A command is for the window that was chosen last, so only one is under way. @type {Promise<unknown>} */
  #order = Promise.resolve();

  /** @param {import("node:child_process").ChildProcess[]} processes @param {string} folder @param {string} address */
  constructor(processes, folder, address) {
    this.#processes = processes;
    this.#folder = folder;
    this.#address = address;
  }

  static async start() {
    const folder = await mkdtemp(path.join(os.tmpdir(), "webmqtt-webkit-"));
    const screen = ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"];
    const display = spawn("Xvfb", screen, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
    const number = await new Promise((resolve, reject) => {
      display.once("error", reject);
      display.once("exit", (code) => reject(new Error(`Xvfb ended with ${code}`)));
      display.stdio[3]?.once("data", (text) => resolve(String(text).trim()));
    });
    const port = await freePort();
    const driver = spawn(
      process.env.WEBMQTT_WEBKIT_DRIVER ?? "WebKitWebDriver",
      [`--port=${port}`, "--host=127.0.0.1"],
      // Whatever the browser keeps goes with the folder.
      { stdio: "ignore", env: { ...process.env, DISPLAY: `:${number}`, HOME: folder } },
    );
    const browser = new WebKit([driver, display], folder, `http://127.0.0.1:${port}`);
    try {
      await browser.#open();
    } catch (error) {
      await browser.stop();
      throw error;
    }
    return browser;
  }

  async #open() {
    const ready = () =>
      this.#call("GET", "/status").then(
        () => true,
        () => undefined,
      );
    await eventually(ready, "WebKitWebDriver");
    const { sessionId } = await this.#call("POST", "/session", {
      capabilities: {
        alwaysMatch: {
          acceptInsecureCerts: true,
          "webkitgtk:browserOptions": {
            binary: process.env.WEBMQTT_WEBKIT,
            args: ["--automation"],
          },
        },
      },
    });
    this.#session = `/session/${sessionId}`;
    this.#first = await this.#call("GET", `${this.#session}/window`);
  }

  /** @param {string} method @param {string} address @param {object} [body] @returns {Promise<any>} */
  async #call(method, address, body) {
    const response = await fetch(this.#address + address, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const { value } = /** @type {any} */ (await response.json());
    if (!response.ok) throw new Error(`${method} ${address}: ${value.error} ${value.message}`);
    return value;
  }

  /**
   * A command of the session, after those before it.
   * @param {string} handle of the window that it is for
   * @param {string} method @param {string} address @param {object} [body] @returns {Promise<any>}
   */
  send(handle, method, address, body) {
    const answer = this.#order.then(async () => {
      await this.#call("POST", `${this.#session}/window`, { handle });
      return this.#call(method, this.#session + address, body);
    });
    this.#order = answer.catch(() => {});
    return answer;
  }

  /** A new window in front. @param {string} url */
  async open(url) {
    const { handle } = await this.send(this.#first, "POST", "/window/new", { type: "window" });
    const window = new Window(this, handle);
    await window.goto(url);
    return window;
  }

  async stop() {
    if (this.#session) await this.#call("DELETE", this.#session).catch(() => {});
    for (const child of this.#processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
