// @ts-check
// What the participants are asked to do, for those that are MQTT clients: an application that publishes, receives,
// measures round trips. The floors have the same tasks without a client, in `floor.js`.

import { Arrivals, burstOf } from "./arrivals.js";

/**
 * A connection of an MQTT client, as the files in `peers` give it.
 * @typedef {object} Connection
 * @property {(filter: string, qos: number, handler: Handler) => Promise<unknown>} subscribe
 * @property {(topic: string, payload: Uint8Array, qos: number) => Promise<unknown>} publish resolves when it is done with
 * @property {() => unknown} end
 * @property {boolean} [oneHandler] what it receives goes to one handler, whatever was subscribed to
 */

/** @typedef {(topic: string, payload: Uint8Array) => void} Handler */

/** @typedef {{ topic: string, size: number, qos: number, count: number, window: number, promises?: boolean }} Publishing with promises in the floors, too; clients have them anyway */

/** @typedef {{ filters: string[], qos: number, ownHandlers?: boolean }} Listening each filter has a handler of its own, or all share one */

/**
 * @typedef {object} Tasks
 * @property {(url: string) => Promise<void>} open
 * @property {(what: Publishing) => Promise<number>} publish gives milliseconds
 * @property {(what: Listening) => Promise<void>} listen resolves when the broker has accepted all filters
 * @property {(count: number) => Promise<void>} expect counts from now on
 * @property {() => Promise<{ count: number, sum: number, ms: number }>} received from the first message to the last
 * @property {(what: { topic: string, size: number, qos: number, count: number }) => Promise<number[]>} roundTrips
 *   milliseconds of each
 * @property {() => Promise<void>} close
 */

/**
 * The tasks of a client.
 * @param {(url: string) => Promise<Connection>} open
 * @returns {Tasks}
 */
export function tasksOf(open) {
  /** @type {Connection} */
  let client;
  /** @type {Arrivals} */
  let arrivals;
  return {
    async open(url) {
      client = await open(url);
    },

    async publish({ topic, size, qos, count, window }) {
      const payload = new Uint8Array(size).fill(97);
      const start = performance.now();
      if (qos === 0) {
        const burst = burstOf(size);
        for (let sent = 0; sent < count; ) {
          const taken = [];
          const end = Math.min(count, sent + burst);
          for (; sent < end; sent++) taken.push(client.publish(topic, payload, 0));
          await Promise.all(taken);
        }
        // The broker has read everything before this when it acknowledges it.
        await client.publish(topic, payload, 1);
      } else {
        let left = count;
        const lane = async () => {
          while (left > 0) {
            left -= 1;
            await client.publish(topic, payload, qos);
          }
        };
        await Promise.all(Array.from({ length: window }, lane));
      }
      return performance.now() - start;
    },

    async listen({ filters, qos, ownHandlers = false }) {
      if (ownHandlers && client.oneHandler) throw new Error("has one handler for everything");
      const handler = () => (/** @type {string} */ topic, /** @type {Uint8Array} */ payload) =>
        arrivals.take(topic, payload);
      const shared = handler();
      for (const filter of filters) {
        await client.subscribe(filter, qos, ownHandlers ? handler() : shared);
      }
    },

    async expect(count) {
      arrivals = new Arrivals(count);
    },

    received: () => arrivals.all,

    async roundTrips({ topic, size, qos, count }) {
      const payload = new Uint8Array(size).fill(97);
      let back = () => {};
      await client.subscribe(topic, qos, () => back());
      const times = [];
      for (let trip = 0; trip < count; trip++) {
        const start = performance.now();
        let took = 0;
        const returned = new Promise((resolve) => {
          back = () => {
            took = performance.now() - start;
            resolve(undefined);
          };
        });
        await Promise.all([client.publish(topic, payload, qos), returned]);
        times.push(took);
      }
      return times;
    },

    async close() {
      await client.end();
    },
  };
}
