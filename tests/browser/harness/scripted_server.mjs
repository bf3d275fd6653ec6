// @ts-check
// A WebSocket server that follows a test's script: it sends what the test says, where the test says,
// and keeps what the client sent. Its codec is mqtt-packet, which knows nothing of the one under
// test.

import http from "node:http";
import { generate, parser } from "mqtt-packet";
import { WebSocketServer } from "ws";
import { Arrivals } from "./arrivals.mjs";
import { listen } from "./sockets.mjs";

/** @typedef {import("mqtt-packet").Packet} Packet */
/** @typedef {Packet["cmd"]} PacketName */

/** One connection of the client. */
export class Peer {
  /** Every packet of the client, in order. @type {Arrivals<Packet>} */
  packets = new Arrivals();
  /** Sizes of the client's WebSocket messages. @type {number[]} */
  messages = [];
  /** Text messages of the client; there must be none. @type {string[]} */
  texts = [];
  /** How the connection ended. @type {{ code: number } | undefined} */
  closed;
  /** The subprotocols that the client offered. @type {string[]} */
  offered;
  #socket;
  #next = 0;
  #settings = { protocolVersion: 4 };

  /** @param {import("ws").WebSocket} socket @param {http.IncomingMessage} request */
  constructor(socket, request) {
    this.#socket = socket;
    const offered = request.headers["sec-websocket-protocol"] ?? "";
    this.offered = offered.split(",").map((name) => name.trim());
    const decoder = parser(/** @type {any} */ (this.#settings));
    decoder.on("packet", (packet) => {
      if (packet.cmd === "connect") this.#settings.protocolVersion = packet.protocolVersion ?? 4;
      this.packets.push(packet);
    });
    decoder.on("error", (error) => {
      this.#broken = error;
      this.packets.changed();
    });
    socket.on("message", (data, isBinary) => {
      const bytes = /** @type {Buffer} */ (data);
      if (!isBinary) this.texts.push(bytes.toString());
      this.messages.push(bytes.length);
      decoder.parse(bytes);
    });
    socket.on("close", (code) => {
      this.closed = { code };
      this.packets.changed();
    });
    socket.on("error", () => {});
  }

  /** @type {Error | undefined} */
  #broken;

  /** Waits for the client's next packet, whatever it is. @returns {Promise<Packet>} */
  async next() {
    const packet = await this.packets.until(
      (packets) => {
        if (this.#broken) throw this.#broken;
        const found = packets[this.#next];
        if (!found && this.closed) throw new Error(`the client closed: ${this.closed.code}`);
        return found;
      },
      () => `the next packet after ${this.packets.items.map(({ cmd }) => cmd)}`,
    );
    this.#next += 1;
    return packet;
  }

  /**
   * Waits for the client's next packet, which must be of this kind.
   * @template {PacketName} N
   * @param {N} name
   * @returns {Promise<Extract<Packet, { cmd: N }>>}
   */
  async expect(name) {
    const packet = await this.next();
    if (packet.cmd !== name) {
      throw new Error(`expected ${name}, the client sent ${JSON.stringify(packet)}`);
    }
    return /** @type {Extract<Packet, { cmd: N }>} */ (packet);
  }

  /** Kinds of the packets so far. */
  kinds() {
    return this.packets.items.map(({ cmd }) => cmd);
  }

  /** Waits until the client has closed the connection. */
  async expectClose() {
    return this.packets.until(
      () => this.closed,
      () => `the client to close, it sent ${this.kinds()}`,
    );
  }

  /** @param {any} packet @returns {Buffer} */
  encode(packet) {
    return generate(packet, /** @type {any} */ (this.#settings));
  }

  /** @param {any} packet */
  send(packet) {
    this.sendBytes(this.encode(packet));
  }

  /** One WebSocket message. @param {Uint8Array | number[]} bytes */
  sendBytes(bytes) {
    this.#socket.send(Buffer.from(bytes), { binary: true });
  }

  /** One WebSocket message in several frames, with a WebSocket ping between them. @param {Uint8Array[]} fragments */
  sendFragments(fragments) {
    fragments.forEach((fragment, index) => {
      this.#socket.send(fragment, { binary: true, fin: index === fragments.length - 1 });
      this.#socket.ping();
    });
  }

  /** @param {string} text */
  sendText(text) {
    this.#socket.send(text, { binary: false });
  }

  /**
   * Answers CONNECT with success.
   * @param {{ sessionPresent?: boolean, properties?: object }} [connack]
   */
  async accept({ sessionPresent = false, properties } = {}) {
    const connect = await this.expect("connect");
    this.send({ cmd: "connack", ...ok(connect.protocolVersion), sessionPresent, properties });
    return connect;
  }

  /** Answers CONNECT with a refusal. @param {number} code */
  async refuse(code) {
    const connect = await this.expect("connect");
    const field = connect.protocolVersion === 5 ? "reasonCode" : "returnCode";
    this.send({ cmd: "connack", [field]: code, sessionPresent: false });
    return connect;
  }

  /** Takes a PUBLISH of QoS 1 and acknowledges it. */
  async acknowledgePublish() {
    const publish = await this.expect("publish");
    this.send({ cmd: "puback", messageId: publish.messageId, reasonCode: 0 });
    return publish;
  }

  /** Takes a SUBSCRIBE and grants what it asks for. */
  async grantSubscribe() {
    const subscribe = await this.expect("subscribe");
    const granted = subscribe.subscriptions.map(({ qos }) => qos);
    this.send({ cmd: "suback", messageId: subscribe.messageId, granted });
    return subscribe;
  }

  /** Reads nothing more, so that what the client sends piles up. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  /** Closes with the closing handshake. @param {number} [code] */
  close(code) {
    this.#socket.close(code);
  }

  /** Drops the TCP connection. */
  drop() {
    this.#socket.terminate();
  }
}

/** @param {number | undefined} version */
function ok(version) {
  return version === 5 ? { reasonCode: 0 } : { returnCode: 0 };
}

/**
 * How the server treats the upgrade request.
 * @typedef {object} Upgrade
 * @property {string | false} [subprotocol] the one to select whatever was offered; false: none
 * @property {number} [status] answer with this HTTP status instead
 * @property {(request: http.IncomingMessage) => number | undefined} [check] gives such a status, or lets it through
 * @property {boolean} [silent] never answer
 */

export class ScriptedServer {
  /** @type {Arrivals<Peer>} */
  peers = new Arrivals();
  /** How the next upgrade requests are treated; may be changed at any time. @type {Upgrade} */
  upgrade;
  /** Every upgrade request. @type {Arrivals<http.IncomingMessage>} */
  upgrades = new Arrivals();
  #http = http.createServer();
  /** @type {() => Promise<void>} */
  #close = async () => {};
  #taken = 0;
  port = 0;

  /** @param {Upgrade} upgrade */
  constructor(upgrade) {
    this.upgrade = upgrade;
    const sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      handleProtocols: (offered) =>
        this.upgrade.subprotocol ?? (offered.has("mqtt") ? "mqtt" : false),
    });
    this.#http.on("upgrade", (request, socket, head) => {
      this.upgrades.push(request);
      socket.on("error", () => {});
      if (this.upgrade.silent) return;
      const status = this.upgrade.status ?? this.upgrade.check?.(request);
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (ws) => this.peers.push(new Peer(ws, request)));
    });
  }

  /** @param {Upgrade & { port?: number }} [options] */
  static async start({ port = 0, ...upgrade } = {}) {
    const server = new ScriptedServer(upgrade);
    const listening = await listen(server.#http, port);
    server.port = listening.port;
    server.#close = listening.close;
    return server;
  }

  get url() {
    return `ws://127.0.0.1:${this.port}/mqtt`;
  }

  /** The client's next connection. */
  async peer() {
    const index = this.#taken++;
    return this.peers.until(
      (peers) => peers[index],
      () => `connection ${index + 1}`,
    );
  }

  async stop() {
    for (const peer of this.peers.items) peer.drop();
    await this.#close();
  }
}
