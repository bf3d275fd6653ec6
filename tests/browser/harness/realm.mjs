// @ts-check
// A place in a browser where the package runs: a window, a worker or a shared worker. It is driven over a WebSocket to
// the test's own site, so nothing here depends on the engine or on its automation.

import { WebSocketServer } from "ws";
import { pack, unpack } from "../page/wire.js";
import { Arrivals } from "./arrivals.mjs";
import { LAUNCH } from "./patience.mjs";
import { uniqueName } from "./witness.mjs";

/** @typedef {import("node:http").IncomingMessage} Request */
/** @typedef {import("node:http").ServerResponse} Response */

export class Realm {
  name = uniqueName("realm");
  /** Uncaught exceptions. @type {Arrivals<string>} */
  exceptions = new Arrivals();
  /** URLs of the WebSockets that were opened. @type {string[]} */
  sockets = [];
  #addressOf;
  /** @type {import("ws").WebSocket | undefined} */
  #socket;
  #last = 0;
  #closed = false;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #calls = new Map();
  /** @type {Arrivals<{ failure?: string }>} */
  #starts = new Arrivals();

  /** @param {(source: string) => string} addressOf where a module with this source is served */
  constructor(addressOf) {
    this.#addressOf = addressOf;
  }

  /** @param {import("ws").WebSocket} socket */
  connected(socket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#heard(unpack(String(data))));
    socket.on("close", () => {
      this.#closed = true;
      for (const { reject } of this.#calls.values()) reject(new Error("the realm is gone"));
      this.#calls.clear();
    });
  }

  /** @param {string} why */
  failed(why) {
    this.#starts.push({ failure: why });
  }

  /** @param {any} message */
  #heard({ id, value, error, exception, socket, ready, failed }) {
    if (exception !== undefined) this.exceptions.push(exception);
    else if (socket !== undefined) this.sockets.push(socket);
    else if (ready) this.#starts.push({});
    else if (failed !== undefined) this.failed(failed);
    else {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(value);
      else call?.reject(new Error(error));
    }
  }

  /** Waits until the package is loaded. */
  async started() {
    const start = await this.#starts.until(
      ([first]) => first,
      () => "the realm to load the package",
      LAUNCH,
    );
    if (start.failure !== undefined) throw new Error(start.failure);
  }

  /**
   * Runs a function there, which must not use anything around it.
   * @template R, A
   * @param {(argument: A) => R} body @param {A} [argument] plain data
   * @returns {Promise<Awaited<R>>}
   */
  evaluate(body, argument) {
    this.#last += 1;
    const id = this.#last;
    const module = this.#addressOf(`export default ${body};\n`);
    return new Promise((resolve, reject) => {
      if (this.#closed) reject(new Error("the realm is gone"));
      this.#calls.set(id, { resolve, reject });
      this.#socket?.send(pack({ id, module, argument }));
    });
  }
}

/** What a site has to answer so that realms can start on it. */
export class Realms {
  /** @type {Map<string, Realm>} */
  #realms = new Map();
  /** @type {Map<string, string>} */
  #addresses = new Map();
  /** @type {Map<string, string>} */
  #sources = new Map();

  /** A realm that does not run yet: `name` has to be in the address of its page. */
  expect() {
    const realm = new Realm((source) => this.#addressOf(source));
    this.#realms.set(realm.name, realm);
    return realm;
  }

  /** @param {string} source */
  #addressOf(source) {
    const known = this.#addresses.get(source);
    if (known) return known;
    const address = `/realm/body/${this.#addresses.size}.js`;
    this.#addresses.set(source, address);
    this.#sources.set(address, source);
    return address;
  }

  /**
   * Whether the request was one for here.
   * @param {Request} request @param {Response} response @returns {boolean}
   */
  answer(request, response) {
    const address = request.url ?? "";
    const source = this.#sources.get(address);
    if (source !== undefined) {
      response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(source);
      return true;
    }
    const realm = this.#realmOf(address);
    if (!realm || request.method !== "POST") return false;
    let why = "";
    request.on("data", (chunk) => {
      why += chunk;
    });
    request.on("end", () => {
      realm.failed(why);
      response.writeHead(204).end();
    });
    return true;
  }

  /** @param {string} address */
  #realmOf(address) {
    return this.#realms.get(address.replace(/^\/realm\//, ""));
  }

  /** @param {import("node:http").Server | import("node:https").Server} server */
  listen(server) {
    const sockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      const realm = this.#realmOf(request.url ?? "");
      if (!realm) socket.destroy();
      else sockets.handleUpgrade(request, socket, head, (accepted) => realm.connected(accepted));
    });
  }
}
