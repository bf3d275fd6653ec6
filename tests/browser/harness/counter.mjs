// @ts-check
// A native client that shares no code with ours (`tests/counter`, rumqttc): it counts what really arrived at a broker and
// publishes what the page has to receive. It is used where a witness is, and has no connection to make it doubtful: one
// that was lost is written down.

import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Arrivals } from "./arrivals.mjs";
import { LAUNCH } from "./patience.mjs";
import { uniqueName } from "./witness.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const program =
  process.env.WEBMQTT_COUNTER ?? path.join(root, "target/counter/debug/webmqtt-counter");

const PUBLISH_PATIENCE = 240_000;
const END_PATIENCE = 3_000;

/** @typedef {{ topic: string, text: string, qos: number, dup: boolean }} Counted */

export class Counter {
  /** @type {Arrivals<Counted>} */
  messages = new Arrivals();
  /** One entry for each CONNACK behind the first: whether the session was there. @type {Arrivals<boolean>} */
  returns = new Arrivals();
  /** Why connections were lost. @type {Arrivals<string>} */
  losses = new Arrivals();
  /** The highest QoS of the broker. @type {Arrivals<number>} */
  #maximum = new Arrivals();
  /** By token; with a reason, there is no acknowledgement. @type {Map<string, (why?: string) => void>} */
  #waiting = new Map();
  #tokens = 0;
  #process;
  #said = "";
  #ended = false;
  /** @type {Arrivals<unknown>} */
  #end = new Arrivals();

  /** @param {string[]} args */
  constructor(args) {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    child.stdin.on("error", () => {});
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    });
    child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      this.#said = (this.#said + text).slice(-2_000);
    });
    const ended = () => {
      this.#ended = true;
      this.#abandon();
      this.#maximum.changed();
      this.#end.changed();
    };
    child.on("error", (error) => {
      this.#said += String(error);
      ended();
    });
    child.on("close", ended);
  }

  /**
   * Connected, with a session that stays, and subscribed with QoS 2.
   * @param {string} url ws: or mqtt:
   * @param {{ version: 4 | 5, filter: string }} options
   */
  static async start(url, { version, filter }) {
    const counter = new Counter([url, String(version), uniqueName("counter"), filter]);
    try {
      await counter.#maximum.until(
        ([maximum]) => {
          if (counter.#ended) throw new Error(`the counter ended: ${counter.#said}`);
          return maximum;
        },
        () => `the counter at ${url}, which lost: ${counter.losses.items.slice(-3)}`,
        LAUNCH,
      );
    } catch (error) {
      await counter.end();
      throw error;
    }
    return counter;
  }

  /** @param {string} line */
  #take(line) {
    const [what = "", ...words] = line.split(" ");
    switch (what) {
      case "message": {
        const [qos, dup, topic = "", ...text] = words;
        const message = { topic, text: text.join(" "), qos: Number(qos), dup: dup === "true" };
        this.messages.push(message);
        break;
      }
      case "done": {
        const [token = ""] = words;
        this.#waiting.get(token)?.();
        break;
      }
      case "ready":
        this.#maximum.push(Number(words[0]));
        break;
      case "lost":
        this.losses.push(words.join(" "));
        break;
      case "back":
        this.returns.push(words[0] === "true");
        break;
    }
  }

  /**
   * Until it is acknowledged, or sent with QoS 0; with a lower QoS where the broker has none so high.
   * @param {string} topic without spaces @param {string} text @param {{ qos: 0 | 1 | 2 }} options
   */
  publish(topic, text, { qos }) {
    this.#tokens += 1;
    const token = String(this.#tokens);
    if (this.#ended) return Promise.reject(new Error(`the counter has ended: ${this.#said}`));
    /** @type {Promise<void>} */
    const done = new Promise((resolve, reject) => {
      const settle = (/** @type {string | undefined} */ why) => {
        clearTimeout(patience);
        this.#waiting.delete(token);
        if (why === undefined) resolve();
        else reject(new Error(`no acknowledgement of ${topic} for the counter: ${why}`));
      };
      const late = () => settle(`${PUBLISH_PATIENCE} ms have passed`);
      const patience = setTimeout(late, PUBLISH_PATIENCE);
      this.#waiting.set(token, settle);
    });
    this.#process.stdin.write(`publish ${token} ${qos} ${topic} ${text}\n`);
    return done;
  }

  /** Who still waits is told. */
  #abandon() {
    for (const settle of [...this.#waiting.values()]) settle("it has ended");
  }

  async end() {
    this.#abandon();
    if (this.#ended) return;
    this.#process.stdin.end();
    const kill = setTimeout(() => this.#process.kill("SIGKILL"), END_PATIENCE);
    await this.#end.until(
      () => this.#ended || undefined,
      () => "the counter's end",
    );
    clearTimeout(kill);
  }
}
