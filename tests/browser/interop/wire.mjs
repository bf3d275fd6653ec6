// @ts-check
// How packets and WebSocket messages go together on a page, seen at its sockets.

/**
 * @typedef {object} Way
 * @property {number} messages of WebSocket
 * @property {number} packets of MQTT that ended in them
 * @property {number} most packets that ended in one message
 * @property {number} cut messages that end inside of a packet
 */
/** @typedef {{ out: Way, in: Way }} Wire */

/** Runs in the page, before everything else, and alone: it may use nothing from outside. */
export function watchSockets() {
  /** @returns {Way} */
  const none = () => ({ messages: 0, packets: 0, most: 0, cut: 0 });
  const wire = { out: none(), in: none() };
  globalThis.wire = wire;

  /** Follows packets through one direction of a connection. @param {Way} way */
  const follow = (way) => {
    // What is left of a packet; undefined at its begin, and while its length is read.
    /** @type {number | undefined} */
    let left;
    let [length, factor, inLength] = [0, 1, false];
    return (/** @type {Uint8Array} */ bytes) => {
      let ended = 0;
      for (let at = 0; at < bytes.length; ) {
        if (left === undefined && !inLength) {
          [length, factor, inLength] = [0, 1, true];
          at += 1;
          continue;
        }
        if (inLength) {
          const byte = bytes[at] ?? 0;
          at += 1;
          length += (byte & 0x7f) * factor;
          factor *= 128;
          if (byte < 128) [left, inLength] = [length, false];
        }
        if (left !== undefined) {
          const some = Math.min(left, bytes.length - at);
          at += some;
          left -= some;
          if (left === 0) {
            left = undefined;
            ended += 1;
          }
        }
      }
      way.messages += 1;
      way.packets += ended;
      way.most = Math.max(way.most, ended);
      if (left !== undefined || inLength) way.cut += 1;
    };
  };

  globalThis.WebSocket = class extends WebSocket {
    #out = follow(wire.out);

    /** @param {string | URL} url @param {string | string[]} [protocols] */
    constructor(url, protocols) {
      super(url, protocols);
      const arrived = follow(wire.in);
      this.addEventListener("message", ({ data }) => {
        if (data instanceof ArrayBuffer) arrived(new Uint8Array(data));
      });
    }

    /** @param {any} data */
    send(data) {
      this.#out(new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength));
      super.send(data);
    }
  };
}
