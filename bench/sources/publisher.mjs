// @ts-check
// Publishes to a broker over plain MQTT, as fast as the broker takes it: bytes that were made beforehand.

import net from "node:net";
import * as packets from "./packets.mjs";

const CONNACK = 0x20;

export class Publisher {
  #socket;

  /** @param {net.Socket} socket */
  constructor(socket) {
    this.#socket = socket;
  }

  /** @param {string} url mqtt:, of a listener without WebSocket */
  static async connect(url) {
    const { hostname, port } = new URL(url);
    const socket = net.connect(Number(port), hostname);
    const answered = new Promise((resolve, reject) => {
      socket.once("data", (bytes) => {
        if (bytes[0] === CONNACK) resolve(undefined);
        else reject(new Error("the broker refuses the publisher"));
      });
      socket.once("error", reject);
    });
    socket.write(packets.connect(`publisher-${process.pid}`));
    await answered;
    const publisher = new Publisher(socket);
    // Nothing more is expected, and an idle broker must not take it for dead.
    const ping = setInterval(() => socket.write(Uint8Array.of(0xc0, 0)), 20_000);
    socket.on("close", () => clearInterval(ping));
    socket.resume();
    return publisher;
  }

  /** QoS 0, to the topics in turn. @param {import("./messages.mjs").Messages} messages */
  async publish(messages) {
    const bytes = messages.bytes();
    await new Promise((resolve) => this.#socket.write(bytes, resolve));
  }

  close() {
    this.#socket.end(packets.DISCONNECT);
  }
}
