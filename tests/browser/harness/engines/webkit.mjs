// @ts-check
// WebKitGTK's MiniBrowser on a display that nobody sees, driven by WebDriver.

import { spawn } from "node:child_process";
import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { removeFolder, temporaryFolder } from "../folders.mjs";
import { launched } from "../launching.mjs";
import { TEST } from "../patience.mjs";
import { freePort } from "../ports.mjs";
import { endWithUs, isRunning, untilEnded } from "../processes.mjs";

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
  #driver;
  #display;
  #folder;
  #port;
  #session = "";
  #first = "";
  /** A command is for the window that was chosen last, so only one is under way. @type {Promise<unknown>} */
  #order = Promise.resolve();

  /**
   * @param {import("node:child_process").ChildProcess} driver
   * @param {import("node:child_process").ChildProcess} display
   * @param {string} folder @param {number} port
   */
  constructor(driver, display, folder, port) {
    this.#driver = driver;
    this.#display = display;
    this.#folder = folder;
    this.#port = port;
  }

  static async start() {
    return launched("WebKit", async (otherwise) => {
      const folder = await temporaryFolder("webkit");
      otherwise(() => removeFolder(folder));
      const screen = ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"];
      const display = spawn("Xvfb", screen, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
      endWithUs(display);
      otherwise(() => untilEnded(display));
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
      endWithUs(driver);
      otherwise(() => untilEnded(driver));
      const browser = new WebKit(driver, display, folder, port);
      const ended = new Promise((_, reject) => {
        driver.once("error", reject);
        driver.once("exit", (code) => reject(new Error(`WebKitWebDriver ended with ${code}`)));
      });
      ended.catch(() => {});
      // Somebody else may have taken its port: its answers are none of the driver.
      await Promise.race([browser.#open(), ended]);
      return browser;
    });
  }

  async #open() {
    const isUp = () =>
      this.#call("GET", "/status").then(
        () => true,
        () => false,
      );
    while (isRunning(this.#driver) && !(await isUp())) await delay(20);
    const { sessionId } = await this.#call("POST", "/session", {
      capabilities: {
        alwaysMatch: {
          acceptInsecureCerts: true,
          timeouts: { script: TEST, pageLoad: TEST },
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
    /** @type {{ ok: boolean, said: string }} */
    const { ok, said } = await new Promise((resolve, reject) => {
      // A connection of its own: one that is kept may be closed when the next command comes.
      const options = { host: "127.0.0.1", port: this.#port, path: address, method, agent: false };
      const request = http.request(options, (response) => {
        let all = "";
        response.setEncoding("utf8").on("data", (/** @type {string} */ piece) => {
          all += piece;
        });
        response.once("end", () => resolve({ ok: response.statusCode === 200, said: all }));
        response.once("error", reject);
      });
      request.once("error", reject);
      request.end(body && JSON.stringify(body));
    });
    const { value } = JSON.parse(said);
    if (!ok) throw new Error(`${method} ${address}: ${value.error} ${value.message}`);
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
    const session = this.#session;
    await untilEnded(this.#driver, async () => {
      if (session) await this.#call("DELETE", session).catch(() => {});
      this.#driver.kill();
    });
    await untilEnded(this.#display);
    await removeFolder(this.#folder);
  }
}
