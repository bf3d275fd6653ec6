// @ts-check
// Messages for receivers: to several topics in turn, with payloads of their own, and what a receiver that has read them
// all must have come to.

import * as packets from "./packets.mjs";

const IDS = 65_535;

export class Messages {
  topics;
  size;
  count;
  qos;

  /** @param {{ topics: string[], size: number, count: number, qos?: number }} what */
  constructor({ topics, size, count, qos = 0 }) {
    this.topics = topics;
    this.size = size;
    this.count = count;
    this.qos = qos;
  }

  /** @param {number} index */
  #topic(index) {
    return this.topics[index % this.topics.length] ?? "";
  }

  /** @param {number} index */
  #payload(index) {
    return new Uint8Array(this.size).fill(1 + (index % 7));
  }

  /** What `Arrivals` counts in the page. */
  sum() {
    let sum = 0;
    for (let index = 0; index < this.count; index++) {
      const topic = this.#topic(index);
      sum += topic.charCodeAt(topic.length - 1) + this.size * (1 + (index % 7));
    }
    return sum;
  }

  /** One PUBLISH after the other. @param {number} [from] @param {number} [to] */
  bytes(from = 0, to = this.count) {
    const all = [];
    for (let index = from; index < to; index++) {
      const [topic, payload] = [this.#topic(index), this.#payload(index)];
      all.push(packets.publish(topic, payload, this.qos, 1 + (index % IDS)));
    }
    return packets.joined(all);
  }
}
