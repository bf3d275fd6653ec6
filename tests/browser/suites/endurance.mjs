// @ts-check
// One long run: a client in the page with traffic in both directions over a proxy that a plan drives, and beside it a
// client that is not ours, straight at the broker, which counts and publishes.

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Counter } from "../harness/counter.mjs";
import { FaultProxy } from "../harness/fault_proxy.mjs";
import { Random } from "../harness/random.mjs";
import { uniqueName, Witness } from "../harness/witness.mjs";

/** @typedef {1 | 2} Assured */
/** @typedef {import("playwright-core").Page} Page */
/** Where it is. @typedef {{ url: string, tcpUrl?: string | undefined }} Broker */

/** A number each so many milliseconds, with either QoS in either direction. */
export const PERIOD = 25;
const PATIENCE = 60_000;

/** @param {How} how @returns {4 | 5} */
function versionOf({ seed, version = seed % 2 === 0 ? 5 : 4 }) {
  return version;
}

/** A lost connection is noticed and replaced soon. */
const options = {
  clean: false,
  keepalive: 1,
  connectTimeout: 1_500,
  reconnect: { min: 5, max: 100 },
};

/**
 * What a page reports of a run.
 * @typedef {object} Report
 * @property {Record<Assured, string[]>} received
 * @property {string[]} failures
 * @property {string[]} causes
 * @property {number} connections
 * @property {string} state
 */

/**
 * @typedef {object} How
 * @property {number} seed
 * @property {() => import("../harness/fault_proxy.mjs").Script} script of each connection
 * @property {4 | 5} [version] as the seed says when it is not given
 * @property {object} [options] more for the client
 * @property {() => import("../harness/fault_proxy.mjs").Ears} [hear] asked at each connection for who hears it
 */

/** @template {Witness | Counter} [W=Witness] who counts and publishes at the broker */
export class Endurance {
  name;
  proxy;
  witness;
  #page;
  version;
  #publishing = false;
  /** @type {Promise<void> | undefined} */
  #published;
  /** The last number that was published for the page. */
  lastIn = 0;
  /** Numbers that the broker has acknowledged. @type {Record<Assured, Set<string>>} */
  acknowledgedIn = { 1: new Set(), 2: new Set() };
  /** The last number that the page has published. */
  lastOut = 0;

  /**
   * @param {Page} page @param {string} name @param {How} how @param {FaultProxy} proxy @param {W} witness
   */
  constructor(page, name, how, proxy, witness) {
    this.#page = page;
    this.version = versionOf(how);
    this.name = name;
    this.proxy = proxy;
    this.witness = witness;
  }

  /**
   * Everybody is connected and subscribed; MQTT.js counts and publishes.
   * @param {Page} page with `endurance.js` @param {Broker} broker @param {How} how
   */
  static async begin(page, broker, how) {
    return Endurance.#connected(await Endurance.prepare(page, broker, how), how);
  }

  /** Everything but the client. @param {Page} page @param {Broker} broker @param {How} how */
  static async prepare(page, broker, how) {
    const name = uniqueName(`run-${how.seed}`);
    const version = versionOf(how);
    const witness = await Witness.connect(String(broker.tcpUrl), { version, clean: false });
    try {
      await witness.subscribe(`${name}/out/#`, 2);
      return await Endurance.#behind(page, broker, how, witness, name);
    } catch (error) {
      await witness.end();
      throw error;
    }
  }

  /**
   * As `begin`, with a native client that counts and publishes.
   * @param {Page} page @param {Broker} broker @param {How} how
   */
  static async beginCounted(page, broker, how) {
    const name = uniqueName(`run-${how.seed}`);
    const counter = await Counter.start(broker.tcpUrl ?? broker.url, {
      version: versionOf(how),
      filter: `${name}/out/#`,
    });
    try {
      const run = await Endurance.#behind(page, broker, how, counter, name);
      return await Endurance.#connected(run, how);
    } catch (error) {
      await counter.end();
      throw error;
    }
  }

  /**
   * @template {Witness | Counter} W
   * @param {Page} page @param {Broker} broker @param {How} how @param {W} witness @param {string} name
   */
  static async #behind(page, broker, how, witness, name) {
    const proxy = await FaultProxy.start(broker.url, new Random(-1 - how.seed), how.script);
    proxy.hear = how.hear;
    return new Endurance(page, name, how, proxy, witness);
  }

  /** @template {Witness | Counter} W @param {Endurance<W>} run @param {How} how */
  static async #connected(run, how) {
    try {
      await run.connect(how.options);
      return run;
    } catch (error) {
      await run.stop();
      throw error;
    }
  }

  /** The client connects and subscribes. @param {object} [more] options @param {number} [life] of the page */
  async connect(more, life) {
    const all = { ...options, clientId: this.name, version: this.version, ...more };
    await this.#call("begin", this.proxy.url, all, life);
  }

  /** Goes on in another page. @param {Page} page */
  moveTo(page) {
    this.#page = page;
  }

  /** @param {string} method @param {...unknown} args @returns {Promise<any>} */
  #call(method, ...args) {
    return this.#page.evaluate(
      ([method, args]) => globalThis.endurance[method](...args),
      /** @type {[string, any[]]} */ ([method, [this.name, ...args]]),
    );
  }

  get title() {
    return `MQTT ${this.version === 5 ? "5.0" : "3.1.1"}`;
  }

  /** Lets the page publish. */
  startOut() {
    return this.#call("flow", PERIOD);
  }

  async stopOut() {
    this.lastOut = await this.#call("stop");
  }

  /** Publishes for the page. */
  startIn() {
    this.#publishing = true;
    this.#published = this.#publish();
    // Heard by `stopIn`; where a run fails before that, nobody asks.
    this.#published.catch(() => {});
  }

  async #publish() {
    while (this.#publishing) {
      this.lastIn += 1;
      const number = String(this.lastIn);
      const both = /** @type {const} */ ([1, 2]).map(async (qos) => {
        await this.witness.publish(`${this.name}/in/${qos}/${number}`, number, { qos });
        this.acknowledgedIn[qos].add(number);
      });
      await Promise.all([...both, delay(PERIOD)]);
    }
  }

  async stopIn() {
    this.#publishing = false;
    await this.#published;
  }

  /** Every publish of the page is settled. */
  settled() {
    return this.#call("settled");
  }

  /** What the witness counted. @param {Assured} qos */
  out(qos) {
    const prefix = `${this.name}/out/${qos}/`;
    return this.witness.messages.items
      .filter(({ topic }) => topic.startsWith(prefix))
      .map(({ text }) => text);
  }

  /** Waits until the page is connected for the so manieth time; gives its report of then. @param {number} times @param {number} [patience] */
  async untilConnected(times, patience = PATIENCE) {
    const end = performance.now() + patience;
    for (;;) {
      const report = await this.report();
      const { connections, state } = report;
      if (connections >= times && state === "connected") return report;
      assert.ok(performance.now() < end, `${connections} connections, the last is ${state}`);
      await delay(20);
    }
  }

  /** Waits until the page has this number or a later one with either QoS. @param {number} number @param {number} [patience] */
  async untilReceived(number, patience = PATIENCE) {
    const end = performance.now() + patience;
    for (;;) {
      const { received, state } = await this.report();
      const highest = [received[1], received[2]].map((texts) => Math.max(0, ...texts.map(Number)));
      if (highest.every((each) => each >= number)) return;
      assert.ok(performance.now() < end, `${highest} came, and not ${number}; it is ${state}`);
      await delay(20);
    }
  }

  /**
   * Waits until the witness and the page have each number that was published for them, or for a while.
   * @param {number} [patienceIn] for what the page has to receive
   */
  async untilThere(patienceIn = PATIENCE) {
    const begun = performance.now();
    const out = async (/** @type {Assured} */ qos) => this.lastOut - new Set(this.out(qos)).size;
    const into = async (/** @type {Assured} */ qos) =>
      this.lastIn - (await this.#call("count", qos));
    const both = /** @type {const} */ ([
      [out, PATIENCE],
      [into, patienceIn],
    ]);
    for (const [missing, patience] of both) {
      const end = begun + patience;
      while ((await missing(1)) + (await missing(2)) > 0 && performance.now() < end)
        await delay(20);
    }
  }

  /** Waits until the witness has what the broker had for it so far: a message comes behind that. */
  async untilCounted() {
    const topic = `${this.name}/out/so-far`;
    await this.witness.publish(topic, "so far", { qos: 2 });
    await this.witness.messages.until(
      (messages) => messages.find((message) => message.topic === topic),
      () => `${this.name}'s last message`,
      PATIENCE,
    );
  }

  /** Waits until nothing has arrived anywhere for a while. */
  async untilQuiet() {
    const count = async () => {
      const { received } = await this.report();
      return received[1].length + received[2].length + this.out(1).length + this.out(2).length;
    };
    for (let before = -1, now = await count(); before !== now; now = await count()) {
      before = now;
      await delay(500);
    }
  }

  /** @returns {Promise<Report>} */
  report() {
    return this.#call("report");
  }

  async end() {
    await this.#call("end");
    await this.stop();
  }

  /** Whatever has become of it. */
  async stop() {
    this.#publishing = false;
    try {
      await this.witness.end();
    } finally {
      await this.proxy.stop();
    }
  }
}

/** The page with the runs. @param {import("../harness/lab.mjs").Lab} lab */
export async function enduringPage(lab) {
  const { page } = await lab.open();
  await page.evaluate(() => import(/** @type {any} */ ("/page/endurance.js")));
  assert.equal(await page.evaluate(() => typeof globalThis.endurance), "object");
  return page;
}
