// @ts-check
// A server that does whatever clients want, at once: it accepts, grants, acknowledges, sends everybody their own messages
// back, and floods on request. It keeps nothing, so that the page's memory is the only thing that can grow. Its codec is
// mqtt-packet. The path of the URL says how it treats CONNECT: /silent, /refuse, /drop; anything else is accepted.

import http from "node:http";
import { generate, parser } from "mqtt-packet";
import { WebSocketServer } from "ws";
import { METHOD, ScramServer } from "./scram_server.mjs";
import { listen } from "./sockets.mjs";

/** Of users that authenticate with SCRAM. */
export const PASSWORD = "pencil";

/** Messages of a flood on the way at a time. */
const BATCH = 500;

class Connection {
  #socket;
  #path;
  /** @type {any} */
  #settings = { protocolVersion: 4 };
  /** @type {Set<string>} */
  #filters = new Set();
  /** @type {Map<number, string>} */
  #aliases = new Map();
  #scram = new ScramServer(PASSWORD);
  #lastId = 0;
  /** Identifiers of messages that are not acknowledged. @type {Set<number>} */
  #open = new Set();
  /** Called when all of them are. @type {(() => void) | undefined} */
  #settled;

  /** @param {import("ws").WebSocket} socket @param {string} path */
  constructor(socket, path) {
    this.#socket = socket;
    this.#path = path;
    const decoder = parser(this.#settings);
    decoder.on("packet", (packet) => this.#handle(packet));
    decoder.on("error", () => socket.terminate());
    socket.on("message", (data) => decoder.parse(/** @type {Buffer} */ (data)));
    socket.on("error", () => {});
    socket.on("close", () => this.#settled?.());
  }

  /** @param {any} packet */
  #send(packet) {
    this.#socket.send(generate(packet, this.#settings));
  }

  /** @param {any} packet */
  #handle(packet) {
    const { messageId } = packet;
    switch (packet.cmd) {
      case "connect":
        this.#settings.protocolVersion = packet.protocolVersion;
        this.#connect(packet);
        break;
      case "auth":
        this.#authenticate(packet);
        break;
      case "subscribe":
        for (const { topic } of packet.subscriptions) this.#filters.add(topic);
        this.#send({
          cmd: "suback",
          messageId,
          granted: packet.subscriptions.map((/** @type {any} */ { qos }) => qos),
        });
        break;
      case "unsubscribe":
        this.#send({ cmd: "unsuback", messageId, granted: packet.unsubscriptions.map(() => 0) });
        break;
      case "publish":
        this.#publish(packet);
        break;
      case "puback":
      case "pubcomp":
        this.#open.delete(messageId);
        if (this.#open.size === 0) this.#settled?.();
        break;
      case "pubrec":
        this.#send({ cmd: "pubrel", messageId, reasonCode: 0 });
        break;
      case "pubrel":
        this.#send({ cmd: "pubcomp", messageId, reasonCode: 0 });
        break;
      case "pingreq":
        this.#send({ cmd: "pingresp" });
        break;
      case "disconnect":
        this.#socket.close();
        break;
    }
  }

  /** @param {any} connect */
  #connect({ properties }) {
    if (this.#path === "/drop") this.#socket.terminate();
    if (this.#path === "/drop" || this.#path === "/silent") return;
    if (this.#path === "/refuse") {
      this.#send({ cmd: "connack", reasonCode: 0x87, returnCode: 5, sessionPresent: false });
    } else if (properties?.authenticationMethod) {
      this.#challenge(properties.authenticationData);
    } else {
      this.#accept();
    }
  }

  /** @param {Buffer} [signature] */
  #accept(signature) {
    const authentication = signature && {
      authenticationMethod: METHOD,
      authenticationData: signature,
    };
    this.#send({
      cmd: "connack",
      reasonCode: 0,
      returnCode: 0,
      sessionPresent: false,
      properties: { topicAliasMaximum: 10, ...authentication },
    });
  }

  /** @param {Buffer} first */
  #challenge(first) {
    const properties = {
      authenticationMethod: METHOD,
      authenticationData: this.#scram.challenge(first),
    };
    this.#send({ cmd: "auth", reasonCode: 0x18, properties });
  }

  #authenticated = false;

  /** @param {any} auth */
  #authenticate({ reasonCode, properties }) {
    if (reasonCode === 0x19) {
      this.#scram = new ScramServer(PASSWORD);
      this.#challenge(properties.authenticationData);
      return;
    }
    const signature = this.#scram.verify(properties.authenticationData);
    if (this.#authenticated) {
      const all = { authenticationMethod: METHOD, authenticationData: signature };
      this.#send({ cmd: "auth", reasonCode: 0, properties: all });
    } else {
      this.#authenticated = true;
      this.#accept(signature);
    }
  }

  /** @param {any} publish */
  #publish({ topic: said, payload, qos, messageId, properties = {} }) {
    const { topicAlias, ...rest } = properties;
    const topic = said || this.#aliases.get(topicAlias);
    if (topicAlias !== undefined) this.#aliases.set(topicAlias, topic);
    if (qos === 1) this.#send({ cmd: "puback", messageId, reasonCode: 0 });
    if (qos === 2) this.#send({ cmd: "pubrec", messageId, reasonCode: 0 });
    if (topic === "flood") {
      void this.#flood(Number(payload));
      return;
    }
    const wanted = [...this.#filters].some((filter) =>
      filter.endsWith("#") ? topic.startsWith(filter.slice(0, -1)) : filter === topic,
    );
    if (!wanted) return;
    this.#send({ cmd: "publish", topic, payload, qos, messageId: this.#id(qos), properties: rest });
  }

  /** An identifier for a message with this QoS. @param {number} qos */
  #id(qos) {
    if (qos === 0) return undefined;
    do {
      this.#lastId = (this.#lastId % 65_535) + 1;
    } while (this.#open.has(this.#lastId));
    this.#open.add(this.#lastId);
    return this.#lastId;
  }

  /** So many messages of 100 bytes, three of ten with QoS 1 and one of ten with QoS 2. @param {number} count */
  async #flood(count) {
    const payload = Buffer.alloc(100, "x");
    for (let sent = 0; sent < count && this.#socket.readyState === this.#socket.OPEN; ) {
      const batch = [];
      for (let nth = 0; nth < BATCH && sent < count; nth++, sent++) {
        const digit = sent % 10;
        const qos = digit === 0 ? 2 : digit < 4 ? 1 : 0;
        const topic = `flooded/${sent % 7}`;
        const message = { cmd: "publish", topic, payload, qos, messageId: this.#id(qos) };
        batch.push(generate(/** @type {any} */ (message), this.#settings));
      }
      const settled = new Promise((resolve) => {
        this.#settled = () => resolve(undefined);
      });
      this.#socket.send(Buffer.concat(batch));
      if (this.#open.size > 0) await settled;
    }
  }
}

export class ObligingServer {
  #http = http.createServer();
  connections = 0;
  origin = "";

  constructor() {
    const sockets = new WebSocketServer({
      server: this.#http,
      perMessageDeflate: false,
      handleProtocols: () => "mqtt",
    });
    sockets.on("connection", (socket, request) => {
      this.connections += 1;
      new Connection(socket, String(request.url));
    });
  }

  static async start() {
    const server = new ObligingServer();
    const { port, close } = await listen(server.#http);
    server.origin = `ws://127.0.0.1:${port}`;
    server.stop = close;
    return server;
  }

  /** @type {() => Promise<void>} */
  stop = async () => {};
}
