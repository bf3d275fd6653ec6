// @ts-check
// Examines a broker from a page in Chromium, with the built package and the checks of the page's own test of a broker.

import { createHash, X509Certificate } from "node:crypto";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Broker } from "../harness/broker.mjs";
import { endAll } from "../harness/ending.mjs";
import { launchChromium } from "../harness/lab.mjs";
import { serveExample } from "../harness/site.mjs";
import { watchSockets } from "./wire.mjs";

/** @typedef {"works" | "cannot" | "fails" | "skipped"} Outcome */
/** @typedef {{ group: string, name: string, outcome: Outcome, words: string }} Finding */
/** @typedef {{ username: string, password: string }} Account */
/** @typedef {import("./wire.mjs").Wire} Wire */
/** @typedef {Record<string, number | boolean>} Announced */
/** @typedef {{ asked: string, answer: string }} Handshake */

/**
 * @typedef {object} Target
 * @property {string} url
 * @property {Account | undefined} [login] what every client says
 * @property {Account | undefined} [account] that the broker knows, though it lets in those without one
 * @property {string | undefined} [tlsUrl]
 * @property {Buffer | undefined} [authority] the certificate that vouches for `tlsUrl`
 */

/**
 * @typedef {object} Examination
 * @property {string} broker what it calls itself
 * @property {Announced | undefined} announced
 * @property {Handshake[]} handshakes
 * @property {Wire} wire
 * @property {Finding[]} findings
 */

const www = path.resolve(
  path.dirname(fileURLToPath(import.meta.url)),
  ...["..", "..", "..", "www", "src", "broker-test"],
);
/** A busy machine gets this many times the time. */
const SLOWNESS = 3;
/** @type {[5, 4]} */
const VERSIONS = [5, 4];
const NAMES = { 5: "MQTT 5", 4: "MQTT 3.1.1" };

/** The checks as a script; the package stays what it is, in its own files. */
async function scriptOfChecks() {
  const { outputFiles } = await build({
    entryPoints: [path.join(www, "alone.ts")],
    bundle: true,
    format: "esm",
    target: "chrome110",
    write: false,
    alias: { webmqtt: "/webmqtt/dist/index.js" },
    external: ["/webmqtt/*"],
    logLevel: "warning",
  });
  return String(outputFiles[0]?.text);
}

/** Of the certificate's public key, as Chromium wants it. @param {Buffer} certificate */
function pinOf(certificate) {
  const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

/** @param {Target} target */
const accessTo = ({ url, login = undefined }) => ({
  url,
  server: url,
  options: { ...login },
  slowness: SLOWNESS,
});

/** A page with the checks, in a browser of its own. */
export class ExaminingPage {
  /** @type {(() => Promise<unknown>)[]} */
  #ends = [];
  /** @type {import("playwright-core").Page | undefined} */
  #page;

  /** @param {Buffer} [authority] that the browser trusts besides its own */
  static async open(authority) {
    const opened = new ExaminingPage();
    try {
      await opened.#start(authority);
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  }

  /** @param {Buffer | undefined} authority */
  async #start(authority) {
    const site = await serveExample({
      "index.html": "<!doctype html><title>interop</title>",
      "checks.js": await scriptOfChecks(),
    });
    this.#ends.push(() => site.close());
    const args = authority ? [`--ignore-certificate-errors-spki-list=${pinOf(authority)}`] : [];
    const { browser, end } = await launchChromium({ ignoreHTTPSErrors: false, args });
    this.#ends.push(end);
    const page = await browser.newPage();
    await page.addInitScript(watchSockets);
    await page.goto(`${site.origin}/index.html`);
    await page.evaluate(async () => {
      globalThis.checks = await import(/** @type {any} */ ("/checks.js"));
    });
    this.#page = page;
  }

  async close() {
    const ends = this.#ends.reverse();
    this.#ends = [];
    await endAll(ends);
  }

  get page() {
    if (!this.#page) throw new Error("the page is not open");
    return this.#page;
  }

  /** @param {Target} target @returns {Promise<{ broker: string, announced: Announced, findings: Finding[] }>} */
  everything(target) {
    const access = accessTo(target);
    return this.page.evaluate((access) => globalThis.checks.testAlone(access), access);
  }

  /**
   * @param {Target} target @param {4 | 5} version @param {string[]} names
   * @returns {Promise<Finding[]>}
   */
  some(target, version, names) {
    return this.page.evaluate(
      ([access, version, names]) => globalThis.checks.trySome(access, version, names),
      /** @type {const} */ ([accessTo(target), version, names]),
    );
  }

  /** What the server makes of this offer. @param {string} url @param {string[]} protocols @returns {Promise<string>} */
  handshake(url, protocols) {
    return this.page.evaluate(
      ([url, protocols]) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url, protocols);
          const late = setTimeout(() => resolve("no answer"), 30_000);
          /** @param {string} answer */
          const told = (answer) => {
            clearTimeout(late);
            socket.onerror = null;
            socket.close();
            resolve(answer);
          };
          socket.onopen = () =>
            told(socket.protocol ? `chooses ${socket.protocol}` : "accepts without a subprotocol");
          socket.onerror = () => told("refuses");
        }),
      /** @type {const} */ ([url, protocols]),
    );
  }

  /** @returns {Promise<Wire>} */
  wire() {
    return this.page.evaluate(() => globalThis.wire);
  }
}

/** @param {ExaminingPage} page @param {string} url @returns {Promise<Handshake[]>} */
async function handshakes(page, url) {
  const elsewhere = new URL(url);
  elsewhere.pathname = "/webmqtt-elsewhere";
  const offers = /** @type {[string, string, string[]][]} */ ([
    ["subprotocol mqtt", url, ["mqtt"]],
    ["no subprotocol", url, []],
    ["subprotocols mqttv3.1 and mqtt", url, ["mqttv3.1", "mqtt"]],
    ["mqtt at another path", elsewhere.href, ["mqtt"]],
  ]);
  const answers = [];
  for (const [asked, where, protocols] of offers) {
    answers.push({ asked, answer: await page.handshake(where, protocols) });
  }
  return answers;
}

/**
 * What has no place among the checks: TLS and an account that is known.
 * @param {ExaminingPage} page @param {Target} target @param {(version: 4 | 5) => boolean} speaks
 */
async function further(page, target, speaks) {
  const names = ["Connect", "QoS 1, clean session"];
  /** @type {Finding[]} */
  const findings = [];
  for (const version of VERSIONS.filter(speaks)) {
    /** @param {string} name @param {Target | undefined} where @param {string} without */
    const tell = async (name, where, without) => {
      const group = NAMES[version];
      if (!where) {
        findings.push({ group, name, outcome: "skipped", words: without });
        return;
      }
      const tried = await page.some(where, version, names);
      const worst = tried.find(({ outcome }) => outcome !== "works") ?? tried.at(-1);
      findings.push({
        group,
        name,
        // A refusal is no answer to somebody who has been let in before.
        outcome: worst?.outcome === "works" ? "works" : "fails",
        words: worst?.words ?? "",
      });
    };
    const { tlsUrl, account, login } = target;
    const tls = tlsUrl ? { ...target, url: tlsUrl } : undefined;
    await tell("TLS (wss)", tls, "There is no listener with TLS here.");
    const known = login ?? account;
    await tell("Account", known && { ...target, login: known }, "There are no accounts here.");
  }
  return findings;
}

/** @param {Target} target @returns {Promise<Examination>} */
export async function examine(target) {
  const page = await ExaminingPage.open(target.authority);
  try {
    const { broker, announced, findings } = await page.everything(target);
    const spoken = new Set(
      findings
        .filter(({ name, outcome }) => name === "Connect" && outcome === "works")
        .map(({ group }) => group),
    );
    const all = findings.concat(
      await further(page, target, (version) => spoken.has(NAMES[version])),
    );
    const wire = await page.wire();
    return {
      broker,
      announced,
      handshakes: await handshakes(page, target.url),
      wire,
      findings: all.map(({ group, name, outcome, words }) => ({ group, name, outcome, words })),
    };
  } finally {
    await page.close();
  }
}

/** Starts one, examines it and ends it. @param {import("./brokers.mjs").Startable} broker */
export async function examineStarted({ kind, account, tls }) {
  const broker = await Broker.start(kind, tls ? ["--tls-port", "0"] : []);
  try {
    return await examine({
      url: broker.url,
      account,
      tlsUrl: broker.tlsUrl,
      authority: tls ? await broker.authority() : undefined,
    });
  } finally {
    await broker.stop();
  }
}
