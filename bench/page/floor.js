// @ts-check
// The floors: a bare WebSocket that sends bytes made beforehand and takes apart what comes, with as little MQTT as the
// broker needs to go on. No client can do with less. One floor puts many packets into a WebSocket message, the other
// sends one message for each packet.

import * as packets from "../sources/packets.mjs";
import { Arrivals, burstOf } from "./arrivals.js";

const decoder = new TextDecoder();

/** Bytes in a WebSocket message of the floor that coalesces. */
const MESSAGE = 16_384;

/** @param {boolean} coalesces @returns {import("./tasks.js").Tasks} */
export function floor(coalesces) {
  /** @type {WebSocket} */
  let socket;
  /** Called with the first byte of each packet, the whole message, and where the packet's body begins and ends. */
  let take = (
    /** @type {number} */ _first,
    /** @type {Uint8Array} */ _bytes,
    /** @type {number} */ _at,
    /** @type {number} */ _end,
  ) => {};
  /** What is sent at the end of a message that came in. @type {Uint8Array<ArrayBuffer>[]} */
  let answers = [];
  /** @type {Arrivals} */
  let arrivals;

  /** @param {MessageEvent} event */
  const message = (event) => {
    const bytes = new Uint8Array(event.data);
    for (let at = 0; at < bytes.length; ) {
      const first = bytes[at++] ?? 0;
      let length = 0;
      let byte = 128;
      for (let shift = 0; byte & 128; shift += 7) {
        byte = bytes[at++] ?? 0;
        length |= (byte & 127) << shift;
      }
      take(first, bytes, at, at + length);
      at += length;
    }
    flush();
  };
  const flush = () => {
    if (answers.length === 0) return;
    if (coalesces)
      socket.send(answers.length === 1 && answers[0] ? answers[0] : packets.joined(answers));
    else for (const answer of answers) socket.send(answer);
    answers = [];
  };

  /**
   * Sends a packet so many times, with what no `publish()` can do without that gives a promise: the promise, and a place
   * where it is found again.
   * @param {Uint8Array<ArrayBuffer>} one @param {number} count @param {number} burst
   */
  const promised = async (one, count, burst) => {
    const gathered = new Uint8Array(Math.max(MESSAGE, one.length));
    /** @type {Map<number, (value: undefined) => void>} */
    const waiting = new Map();
    let at = 0;
    const send = () => {
      if (at > 0) socket.send(gathered.subarray(0, at));
      at = 0;
    };
    const settle = () => {
      send();
      for (const resolve of waiting.values()) resolve(undefined);
      waiting.clear();
    };
    const publish = (/** @type {number} */ token) =>
      new Promise((resolve) => {
        if (at + one.length > gathered.length) send();
        gathered.set(one, at);
        at += one.length;
        if (waiting.size === 0) queueMicrotask(settle);
        waiting.set(token, resolve);
      });
    for (let sent = 0; sent < count; ) {
      const taken = [];
      const end = Math.min(count, sent + burst);
      for (; sent < end; sent++) taken.push(publish(sent));
      await Promise.all(taken);
    }
  };

  /** Sends a packet and waits for one of this kind. @param {Uint8Array<ArrayBuffer>} bytes @param {number} kind */
  const exchange = (bytes, kind) =>
    new Promise((resolve) => {
      take = (first) => {
        if (first === kind) resolve(undefined);
      };
      socket.send(bytes);
    });

  return {
    async open(url) {
      socket = new WebSocket(url, "mqtt");
      socket.binaryType = "arraybuffer";
      socket.onmessage = message;
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      await exchange(packets.connect(`floor-${Math.random()}`), 0x20);
    },

    async publish({ topic, size, qos, count, window, promises = false }) {
      const payload = new Uint8Array(size).fill(97);
      if (qos > 0) return acknowledged(topic, payload, qos, count, window);
      const one = packets.publish(topic, payload, 0, 0);
      const last = packets.publish(topic, payload, 1, 1);
      const burst = burstOf(size);
      const start = performance.now();
      if (promises) await promised(one, count, burst);
      else if (coalesces) {
        const gathered = new Uint8Array(Math.max(MESSAGE, one.length));
        let at = 0;
        for (let sent = 0; sent < count; sent++) {
          if (at + one.length > gathered.length) {
            socket.send(gathered.subarray(0, at));
            at = 0;
          }
          gathered.set(one, at);
          at += one.length;
          if (sent % burst === burst - 1) await undefined;
        }
        socket.send(gathered.subarray(0, at));
      } else {
        for (let sent = 0; sent < count; sent++) {
          socket.send(one);
          if (sent % burst === burst - 1) await undefined;
        }
      }
      await exchange(last, packets.ACK.puback);
      return performance.now() - start;
    },

    async listen({ filters, qos }) {
      await exchange(packets.subscribe(1, filters, qos), 0x90);
      take = (first, bytes, start, end) => {
        if (first >> 4 !== 3) return;
        let at = start + 2 + (((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0));
        const topic = decoder.decode(bytes.subarray(start + 2, at));
        if (first & 6) {
          answers.push(Uint8Array.of(packets.ACK.puback, 2, bytes[at] ?? 0, bytes[at + 1] ?? 0));
          at += 2;
        }
        arrivals.take(topic, bytes.subarray(at, end));
      };
    },

    async expect(count) {
      arrivals = new Arrivals(count);
    },

    received: () => arrivals.all,

    async roundTrips({ topic, size, qos, count }) {
      await exchange(packets.subscribe(1, [topic], qos), 0x90);
      const bytes = packets.publish(topic, new Uint8Array(size).fill(97), qos, 1);
      const times = [];
      for (let trip = 0; trip < count; trip++) {
        // A publish ends with its acknowledgement, which may come before the message or after it.
        let open = qos === 0 ? 1 : 2;
        let took = 0;
        const start = performance.now();
        await new Promise((resolve) => {
          const settled = () => {
            open -= 1;
            if (open === 0) resolve(undefined);
          };
          take = (first, message, at, end) => {
            const kind = first >> 4;
            if (kind === 3) {
              took = performance.now() - start;
              if (qos > 0) {
                const id = at + 2 + (((message[at] ?? 0) << 8) | (message[at + 1] ?? 0));
                const answer = qos === 1 ? packets.ACK.puback : packets.ACK.pubrec;
                answers.push(Uint8Array.of(answer, 2, message[id] ?? 0, message[id + 1] ?? 0));
              }
              settled();
            } else if (kind === 4 || kind === 7) settled();
            else answers.push(followUp(kind, message.slice(at, end)));
          };
          socket.send(bytes);
        });
        times.push(took);
      }
      return times;
    },

    async close() {
      socket.onmessage = null;
      socket.send(packets.DISCONNECT);
      socket.close();
    },
  };

  /** What follows PUBREC and PUBREL. @param {number} kind @param {Uint8Array} id */
  function followUp(kind, id) {
    const next = kind === 5 ? packets.ACK.pubrel : packets.ACK.pubcomp;
    return Uint8Array.of(next, 2, id[0] ?? 0, id[1] ?? 0);
  }

  /**
   * Keeps so many publishes open.
   * @param {string} topic @param {Uint8Array} payload @param {number} qos @param {number} count @param {number} window
   * @returns {Promise<number>}
   */
  async function acknowledged(topic, payload, qos, count, window) {
    const ready = Array.from({ length: window }, (_, at) =>
      packets.publish(topic, payload, qos, at + 1),
    );
    const releases = ready.map((_, at) => packets.ack(packets.ACK.pubrel, at + 1));
    let toSend = count;
    let open = count;
    const start = performance.now();
    await new Promise((resolve) => {
      take = (first, bytes, at) => {
        const slot = ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0) - 1;
        const release = releases[slot];
        if (first >> 4 === 5) {
          if (release) answers.push(release);
          return;
        }
        open -= 1;
        const next = ready[slot];
        if (toSend > 0 && next) {
          toSend -= 1;
          answers.push(next);
        }
        if (open === 0) resolve(undefined);
      };
      for (const one of ready.slice(0, count)) {
        toSend -= 1;
        answers.push(one);
      }
      flush();
    });
    return performance.now() - start;
  }
}
