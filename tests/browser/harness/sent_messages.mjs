// @ts-check
// The messages that one side sent to the other, connection by connection, as the bytes on the wire have it: who is to
// blame for an order is seen there.

import { parser } from "mqtt-packet";

export class SentMessages {
  /** Of each connection the topics of its messages, in order. @type {string[][]} */
  #connections = [];
  #version;

  /** @param {4 | 5} version */
  constructor(version) {
    this.#version = version;
  }

  /** The next connection; gives what hears its bytes. @returns {(bytes: Buffer) => void} */
  connection() {
    /** @type {string[]} */
    const topics = [];
    this.#connections.push(topics);
    /** @type {Map<number, string>} */
    const aliases = new Map();
    const packets = parser({ protocolVersion: this.#version });
    packets.on("packet", (packet) => {
      if (packet.cmd !== "publish") return;
      const alias = packet.properties?.topicAlias;
      const topic = packet.topic || String(aliases.get(Number(alias)));
      if (alias !== undefined) aliases.set(alias, topic);
      topics.push(topic);
    });
    packets.on("error", () => {});
    return (bytes) => {
      packets.parse(bytes);
    };
  }

  /**
   * Whether the one message was sent before the other although both still had to be, against [MQTT-4.6.0-1] and
   * [MQTT-4.6.0-6].
   * @param {string} early topic of its own @param {string} late
   */
  sentOutOfOrder(early, late) {
    return this.#connections.some((topics, nth) => {
      const at = topics.indexOf(early);
      if (at < 0 || topics.slice(0, at).includes(late)) return false;
      const behind = [topics.slice(at), ...this.#connections.slice(nth + 1)];
      return behind.some((more) => more.includes(late));
    });
  }
}
