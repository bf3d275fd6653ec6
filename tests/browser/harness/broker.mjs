// @ts-check
// Real brokers, started through `xtask broker` on free ports.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before } from "node:test";
import { removeFolder, temporaryFolder } from "./folders.mjs";
import { END } from "./patience.mjs";
import { askXtask, XtaskServer } from "./xtask.mjs";

/** Longer than `xtask broker` tries. */
const READY_PATIENCE = 500_000;

/**
 * Why a broker cannot be had here; undefined when it can.
 * @param {string} kind
 * @returns {Promise<string | undefined>}
 */
export async function whyNoBroker(kind) {
  const known = process.env.WEBMQTT_BROKERS ?? (await askXtask(["broker", "list", "--json"]));
  /** @type {{ name: string, available: boolean, reason?: string | null }[]} */
  const all = JSON.parse(known);
  const broker = all.find(({ name }) => name === kind);
  if (!broker) return `\`xtask broker\` does not know ${kind}`;
  return broker.available ? undefined : (broker.reason ?? `${kind} is not available`);
}

export class Broker {
  /** WebSocket URL. */
  url = "";
  /** URL of a plain MQTT listener, if the broker has one. @type {string | undefined} */
  tcpUrl;
  /** URL of a listener for WebSockets with TLS, if it was asked for. @type {string | undefined} */
  tlsUrl;
  #kind;
  #directory;
  #more;
  /** @type {XtaskServer | undefined} */
  #server;

  /** @param {string} kind @param {string} directory @param {string[]} more */
  constructor(kind, directory, more) {
    this.#kind = kind;
    this.#directory = directory;
    this.#more = more;
  }

  /** A broker that keeps its data across restarts. @param {string} kind @param {string[]} more arguments */
  static async start(kind, more = []) {
    const directory = await temporaryFolder("broker");
    const broker = new Broker(kind, directory, more);
    try {
      await broker.launch();
    } catch (error) {
      await broker.stop();
      throw error;
    }
    return broker;
  }

  /** Starts the process; also after `kill`, on the same port and the same data. */
  async launch() {
    const port = (/** @type {string | undefined} */ url) => (url ? new URL(url).port : "0");
    // Clients of the killed broker come back to its ports.
    const where = [
      "--port",
      port(this.url),
      "--plain-port",
      port(this.tcpUrl),
      "--persist",
      this.#directory,
      ...this.#more,
    ];
    this.#server = await XtaskServer.start(["broker", this.#kind, ...where], READY_PATIENCE);
    const of = (/** @type {string} */ scheme) =>
      this.#server?.ready.find((url) => url.startsWith(`${scheme}:`));
    this.url = String(of("ws"));
    this.tcpUrl = of("mqtt");
    this.tlsUrl = of("wss");
  }

  /** The certificate of the authority that vouches for `tlsUrl`. */
  authority() {
    return readFile(path.join(this.#directory, "ca.crt"));
  }

  /** Starts the broker again if a test that failed left it dead. */
  async revive() {
    if (!this.#server?.isRunning) await this.launch();
  }

  /** Ends the broker without a chance to save anything, as a power failure would. */
  async kill() {
    await this.#server?.kill();
  }

  /** What it has said since it was started the last time. */
  log() {
    return readFile(path.join(this.#directory, "broker.log"), "utf8");
  }

  /** Ends the broker for good. */
  async stop() {
    await this.#server?.stop();
    await removeFolder(this.#directory);
  }
}

/** A broker that lives as long as the surrounding `describe`. @param {string} kind @param {string[]} [more] arguments */
export function useBroker(kind, more) {
  /** @type {Broker} */
  let broker;
  before(
    async () => {
      broker = await Broker.start(kind, more);
    },
    { timeout: READY_PATIENCE + 10_000 },
  );
  after(() => broker?.stop(), { timeout: END });
  return () => broker;
}
