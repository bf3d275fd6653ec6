// @ts-check
// A server that puts as many packets into a WebSocket message as it is told, as EMQX and gateways do, and counts the
// WebSocket messages that come back. It accepts every connection and every filter.

import { createHash } from "node:crypto";
import http from "node:http";
import { FrameReader, frameBytes } from "../../tests/browser/harness/websocket_frames.mjs";
import * as packets from "./packets.mjs";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const BINARY = 2;
const CLOSE = 8;

/** The connection that a client opened last. */
class Connection {
  /** WebSocket messages from the client, since they were last counted. */
  messages = 0;
  /** Acknowledgements in them. */
  acknowledgements = 0;
  /** Called when another has come. */
  acknowledged = () => {};
  #socket;
  #frames = new FrameReader();
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /** @param {import("node:stream").Duplex} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("error", () => {});
  }

  /** @param {Buffer} bytes */
  #read(bytes) {
    // The reader begins with the head of an HTTP request, which the server has already read.
    for (const { opcode, payload } of this.#frames.read(bytes).frames) {
      if (opcode === CLOSE) {
        this.#socket.end(frameBytes({ opcode: CLOSE, payload }, false));
        return;
      }
      this.messages += 1;
      this.#rest = this.#rest.length ? Buffer.concat([this.#rest, payload]) : payload;
      this.#packets();
      this.acknowledged();
    }
  }

  /** What reads frames is told that the head has been read. @param {Buffer} head */
  begin(head) {
    this.#frames.read(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    if (head.length) this.#read(head);
  }

  #packets() {
    for (;;) {
      const bytes = this.#rest;
      let [at, length, shift] = [1, 0, 0];
      for (;;) {
        const byte = bytes[at];
        if (byte === undefined) return;
        at += 1;
        length |= (byte & 127) << shift;
        shift += 7;
        if (byte < 128) break;
      }
      if (bytes.length < at + length) return;
      this.#packet(Number(bytes[0]), bytes.subarray(at, at + length));
      this.#rest = bytes.subarray(at + length);
    }
  }

  /** @param {number} first @param {Buffer} body */
  #packet(first, body) {
    switch (first >> 4) {
      case 1:
        return this.#answer(Uint8Array.of(0x20, 2, 0, 0));
      case 8: {
        let filters = 0;
        for (let at = 2; at < body.length; at += 3 + body.readUInt16BE(at)) filters += 1;
        const granted = new Uint8Array(filters).fill(Number(body[body.length - 1]));
        const header = Uint8Array.of(0x90, 2 + filters, Number(body[0]), Number(body[1]));
        return this.#answer(packets.joined([header, granted]));
      }
      case 12:
        return this.#answer(Uint8Array.of(0xd0, 0));
      case 4:
        this.acknowledgements += 1;
    }
  }

  /** @param {Uint8Array} bytes */
  #answer(bytes) {
    this.#socket.write(frameBytes({ opcode: BINARY, payload: Buffer.from(bytes) }, false));
  }

  /** @param {Buffer} frames */
  write(frames) {
    return new Promise((resolve) => this.#socket.write(frames, resolve));
  }
}

export class BatchingServer {
  url = "";
  #server;
  /** @type {Connection | undefined} */
  #connection;

  /** @param {http.Server} server */
  constructor(server) {
    this.#server = server;
    server.on("upgrade", (request, socket, head) => {
      const key = createHash("sha1")
        .update(`${request.headers["sec-websocket-key"]}${GUID}`)
        .digest("base64");
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          `Sec-WebSocket-Accept: ${key}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
      );
      /** @type {import("node:net").Socket} */ (socket).setNoDelay?.(true);
      this.#connection = new Connection(socket);
      this.#connection.begin(head);
    });
  }

  static async start() {
    const server = http.createServer((_request, response) => response.writeHead(404).end());
    const batching = new BatchingServer(server);
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    batching.url = `ws://127.0.0.1:${port}/mqtt`;
    return batching;
  }

  #latest() {
    if (!this.#connection) throw new Error("nobody has connected");
    return this.#connection;
  }

  /** Sends messages to the client that connected last. @param {Buffer} frames as `framed` gives them @param {number} [times] */
  async flood(frames, times = 1) {
    const connection = this.#latest();
    for (let time = 0; time < times; time++) await connection.write(frames);
  }

  /** How many WebSocket messages it takes the client to acknowledge so many. @param {number} count */
  acknowledgements(count) {
    const connection = this.#latest();
    connection.messages = 0;
    connection.acknowledgements = 0;
    const all = new Promise((resolve) => {
      connection.acknowledged = () => {
        if (connection.acknowledgements >= count) resolve(undefined);
      };
    });
    return async () => {
      await all;
      return connection.messages;
    };
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(() => resolve(undefined)));
  }
}

/**
 * Messages as WebSocket messages with so many packets each.
 * @param {import("./messages.mjs").Messages} messages @param {number} perMessage
 */
export function framed(messages, perMessage) {
  const frames = [];
  for (let from = 0; from < messages.count; from += perMessage) {
    const bytes = messages.bytes(from, Math.min(messages.count, from + perMessage));
    frames.push(frameBytes({ opcode: BINARY, payload: Buffer.from(bytes) }, false));
  }
  return Buffer.concat(frames);
}
