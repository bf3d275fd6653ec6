// @ts-check
// A TCP proxy in front of a broker, so that a test can cut a connection in the middle, hold back one
// direction of it, or make the broker unreachable, without the browser's cooperation.

import net from "node:net";
import { Arrivals } from "./arrivals.mjs";
import { listenInFrontOf, reset } from "./sockets.mjs";

/** @typedef {{ client: net.Socket, server: net.Socket }} Link */

export class CuttableProxy {
  /** @type {Set<Link>} */
  #links = new Set();
  #open = true;
  #deafToServer = false;
  #deafToClient = false;
  /** Bytes that each of the next connections may carry before it is reset. @type {number[]} */
  #budgets = [];
  #listener;
  #target;
  /** One entry for each accepted connection. */
  connections = /** @type {Arrivals<number>} */ (new Arrivals());
  /** Size of each piece that was passed on to the client. @type {Arrivals<number>} */
  passedToClient = new Arrivals();
  url = "";

  /** @param {string} target URL of the broker */
  constructor(target) {
    this.#target = new URL(target);
    this.#listener = net.createServer((client) => this.#accept(client));
  }

  /** @param {string} target */
  static async start(target) {
    const proxy = new CuttableProxy(target);
    proxy.url = await listenInFrontOf(proxy.#listener, target);
    return proxy;
  }

  /** @param {net.Socket} client */
  #accept(client) {
    client.on("error", () => {});
    if (!this.#open) {
      reset(client);
      return;
    }
    const server = net.connect(Number(this.#target.port), this.#target.hostname);
    server.on("error", () => {});
    client.setNoDelay(true);
    server.setNoDelay(true);
    const link = { client, server };
    this.#links.add(link);
    this.connections.push(this.connections.items.length + 1);
    let budget = this.#budgets.shift() ?? Number.POSITIVE_INFINITY;
    /** @param {net.Socket} to @param {Buffer} bytes */
    const pass = (to, bytes) => {
      to.write(bytes.subarray(0, budget));
      budget -= bytes.length;
      if (budget > 0) return;
      // Ends instead of resets, so that what was passed on so far arrives.
      client.end();
      server.end();
    };
    client.on("data", (bytes) => {
      if (!this.#deafToClient && budget > 0) pass(server, bytes);
    });
    server.on("data", (bytes) => {
      if (this.#deafToServer || budget <= 0) return;
      pass(client, bytes);
      this.passedToClient.push(bytes.length);
    });
    client.on("end", () => server.end());
    server.on("end", () => client.end());
    const gone = () => {
      client.destroy();
      server.destroy();
      this.#links.delete(link);
    };
    client.on("close", gone);
    server.on("close", gone);
  }

  /**
   * Ends each of the next connections when it has carried so many bytes, both directions together.
   * @param {number[]} budgets
   */
  cutAfter(budgets) {
    this.#budgets = [...budgets];
  }

  /** How often connections were cut by `cutAfter` is what is left of its list. */
  get cutsLeft() {
    return this.#budgets.length;
  }

  /** Waits until `bytes` more have been passed on to the client. @param {number} bytes */
  async passed(bytes) {
    const { items } = this.passedToClient;
    const before = items.length;
    const sum = () => items.slice(before).reduce((total, size) => total + size, 0);
    await this.passedToClient.until(
      () => (sum() >= bytes ? true : undefined),
      () => `the broker to send ${bytes} bytes, it sent ${sum()}`,
    );
  }

  /** From now on nothing that the broker says reaches the client: acknowledgements are lost. */
  loseServerBytes() {
    this.#deafToServer = true;
  }

  /** From now on nothing that the client says reaches the broker. */
  loseClientBytes() {
    this.#deafToClient = true;
  }

  /** Resets every connection, as a network that goes away would. New ones are still accepted. */
  cut() {
    for (const { client, server } of this.#links) {
      reset(client);
      reset(server);
    }
    this.#deafToServer = false;
    this.#deafToClient = false;
  }

  /** Resets every connection and refuses new ones until `reopen`. */
  shut() {
    this.#open = false;
    this.cut();
  }

  reopen() {
    this.#open = true;
  }

  async stop() {
    this.shut();
    await new Promise((resolve) => this.#listener.close(() => resolve(undefined)));
  }
}
