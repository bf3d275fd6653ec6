// @ts-check
// What every handler does with a message, whoever delivers it: it reads the topic and every byte of the payload. The
// driver knows what the sum of it all has to be.

export class Arrivals {
  #expected;
  #count = 0;
  #sum = 0;
  #first = 0;
  /** @type {(result: { count: number, sum: number, ms: number }) => void} */
  #done = () => {};
  /** When all have come. @type {Promise<{ count: number, sum: number, ms: number }>} */
  all;

  /** @param {number} expected */
  constructor(expected) {
    this.#expected = expected;
    this.all = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  /** The handler. @param {string} topic @param {Uint8Array} payload */
  take = (topic, payload) => {
    let sum = this.#sum + topic.charCodeAt(topic.length - 1);
    for (let at = 0; at < payload.length; at++) sum += payload[at] ?? 0;
    this.#sum = sum;
    if (this.#count === 0) this.#first = performance.now();
    this.#count += 1;
    if (this.#count === this.#expected) {
      this.#done({ count: this.#count, sum, ms: performance.now() - this.#first });
    }
  };
}

/** How many messages a publisher makes before it waits until they are taken. @param {number} size of a payload */
export function burstOf(size) {
  return Math.max(4, Math.min(1000, Math.floor(262_144 / size)));
}
