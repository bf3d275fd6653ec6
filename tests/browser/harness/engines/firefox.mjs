// @ts-check
// A headless Firefox, driven by WebDriver BiDi, which it speaks itself.

import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Arrivals } from "../arrivals.mjs";
import { removeFolder, temporaryFolder } from "../folders.mjs";
import { launched } from "../launching.mjs";
import { LAUNCH } from "../patience.mjs";
import { endWithUs, untilEnded } from "../processes.mjs";
import { RemoteCalls } from "../remote_calls.mjs";

/** A closed network must not be asked for anything. */
const PREFERENCES = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.aboutwelcome.enabled": false,
  "browser.newtabpage.enabled": false,
  "browser.region.network.url": "",
  "browser.safebrowsing.downloads.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.push.connection.enabled": false,
  "extensions.getAddons.cache.enabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
  "toolkit.telemetry.server": "",
};

/** One tab. */
export class Tab {
  #browser;
  #context;

  /** @param {Firefox} browser @param {string} context */
  constructor(browser, context) {
    this.#browser = browser;
    this.#context = context;
  }

  /** @param {string} method @param {object} [parameters] */
  #send(method, parameters) {
    return this.#browser.send(method, { context: this.#context, ...parameters });
  }

  /** The value of an expression as JSON has it; promises are awaited. @param {string} expression @returns {Promise<any>} */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.#browser.send("script.evaluate", {
      expression: `(async () => JSON.stringify(await (${expression})))()`,
      target: { context: this.#context },
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return result.value === undefined ? undefined : JSON.parse(result.value);
  }

  /** @param {string} url */
  async goto(url) {
    await this.#send("browsingContext.navigate", { url, wait: "complete" });
  }

  /** The element that people would point at, in sight, and painted there: clicks go to what is. @param {string} selector */
  async #find(selector) {
    await this.evaluate(`(async () => {
      const place = { block: "center", behavior: "instant" };
      document.querySelector(${JSON.stringify(selector)}).scrollIntoView(place);
      for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
    })()`);
    const locator = { type: "css", value: selector };
    const { nodes } = await this.#send("browsingContext.locateNodes", { locator });
    return { type: "element", element: { sharedId: nodes[0].sharedId } };
  }

  /** With the mouse. @param {string} selector */
  async click(selector) {
    const origin = await this.#find(selector);
    const actions = [
      { type: "pointerMove", x: 0, y: 0, origin },
      { type: "pointerDown", button: 0 },
      { type: "pointerUp", button: 0 },
    ];
    await this.#send("input.performActions", {
      actions: [{ type: "pointer", id: "mouse", actions }],
    });
  }

  /** Key by key, into what has the focus. @param {string} text */
  async type(text) {
    const actions = [...text].flatMap((value) => [
      { type: "keyDown", value },
      { type: "keyUp", value },
    ]);
    await this.#send("input.performActions", { actions: [{ type: "key", id: "keys", actions }] });
  }

  /** A key while Control is held. @param {string} value */
  async typeWithControl(value) {
    const control = "\uE009";
    const actions = [
      { type: "keyDown", value: control },
      { type: "keyDown", value },
      { type: "keyUp", value },
      { type: "keyUp", value: control },
    ];
    await this.#send("input.performActions", { actions: [{ type: "key", id: "keys", actions }] });
  }

  /** Replaces what a field has. @param {string} selector @param {string} text */
  async fill(selector, text) {
    await this.click(selector);
    await this.typeWithControl("a");
    await this.type(text);
  }

  /** Shows it and hides the others. */
  async show() {
    await this.#send("browsingContext.activate");
  }

  async close() {
    await this.#send("browsingContext.close");
  }
}

export class Firefox {
  #process;
  #profile;
  #calls;

  /** @param {import("node:child_process").ChildProcess} process @param {string} profile @param {RemoteCalls} calls */
  constructor(process, profile, calls) {
    this.#process = process;
    this.#profile = profile;
    this.#calls = calls;
  }

  static async start() {
    return launched("Firefox", async (otherwise) => {
      const profile = await temporaryFolder("firefox");
      otherwise(() => removeFolder(profile));
      const lines = Object.entries(PREFERENCES).map(
        ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
      );
      await writeFile(path.join(profile, "user.js"), lines.join(""));
      const child = spawn(
        process.env.WEBMQTT_FIREFOX ?? "firefox-esr",
        ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"],
        // Whatever it keeps outside its profile goes with the profile.
        { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, HOME: profile } },
      );
      endWithUs(child);
      otherwise(() => untilEnded(child, () => child.kill("SIGKILL")));
      const failure = (/** @type {any} */ { error, message }) => error && `${error}: ${message}`;
      const calls = await RemoteCalls.open(`${await addressOf(child)}/session`, failure);
      const browser = new Firefox(child, profile, calls);
      const capabilities = { alwaysMatch: { acceptInsecureCerts: true } };
      await browser.send("session.new", { capabilities });
      return browser;
    });
  }

  /** @param {string} method @param {object} [parameters] @returns {Promise<any>} */
  send(method, parameters = {}) {
    return this.#calls.send(method, parameters);
  }

  /** Runs in every page before its own scripts. @param {string} functionDeclaration */
  async prepare(functionDeclaration) {
    await this.send("script.addPreloadScript", { functionDeclaration });
  }

  /** A new tab in front. @param {string} url */
  async open(url) {
    const { context } = await this.send("browsingContext.create", { type: "tab" });
    const tab = new Tab(this, context);
    await tab.goto(url);
    return tab;
  }

  async stop() {
    await untilEnded(this.#process, () => this.send("browser.close").catch(() => {}));
    await removeFolder(this.#profile);
  }
}

/** Where it can be driven. @param {import("node:child_process").ChildProcessByStdio<null, null, import("node:stream").Readable>} child */
async function addressOf(child) {
  let said = "";
  /** @type {Arrivals<never>} */
  const output = new Arrivals();
  let ended = false;
  child.stderr.on("data", (text) => {
    said += text;
    output.changed();
  });
  child.once("error", (error) => {
    said += error;
    ended = true;
    output.changed();
  });
  child.once("exit", () => {
    ended = true;
    output.changed();
  });
  return output.until(
    () => {
      if (ended) throw new Error(`Firefox ended: ${said}`);
      return said.match(/WebDriver BiDi listening on (ws:\S+)/)?.[1];
    },
    () => `Firefox to start, it said: ${said}`,
    LAUNCH,
  );
}
