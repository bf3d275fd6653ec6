// @ts-check
// WebSocket connections as bytes: the opening request and answer, then frames (RFC 6455, 5.2). For proxies that take
// frames apart; who sends what, and why, is not known here.

/** @typedef {{ opcode: number, payload: Buffer }} Frame */

const LARGEST_DATA_OPCODE = 2;

/** @param {Frame} frame */
export function carriesData({ opcode }) {
  return opcode <= LARGEST_DATA_OPCODE;
}

/** Takes one direction of a connection apart. */
export class FrameReader {
  #rest = Buffer.alloc(0);
  #opened = false;

  /**
   * The head of the request or answer, when it is complete, and the frames behind it. Masks are taken off.
   * @param {Buffer} bytes
   * @returns {{ head?: string, frames: Frame[] }}
   */
  read(bytes) {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    let head;
    if (!this.#opened) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end < 0) return { frames: [] };
      head = this.#rest.subarray(0, end + 4).toString("latin1");
      this.#rest = this.#rest.subarray(end + 4);
      this.#opened = true;
    }
    const frames = [];
    for (let frame = this.#frame(); frame; frame = this.#frame()) frames.push(frame);
    return { ...(head !== undefined && { head }), frames };
  }

  /** @returns {Frame | undefined} */
  #frame() {
    const bytes = this.#rest;
    if (bytes.length < 2) return undefined;
    const masked = (bytes.readUInt8(1) & 0x80) !== 0;
    let length = bytes.readUInt8(1) & 0x7f;
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    const start = masked ? at + 4 : at;
    if (bytes.length < start + length) return undefined;
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (masked) mask(payload, bytes.subarray(at, start));
    this.#rest = bytes.subarray(start + length);
    return { opcode: bytes.readUInt8(0) & 0x0f, payload };
  }
}

/** @param {Buffer} payload @param {Buffer} key */
function mask(payload, key) {
  for (let i = 0; i < payload.length; i++) payload[i] = Number(payload[i]) ^ Number(key[i % 4]);
}

/**
 * A frame that is a whole message, or a control frame.
 * @param {Frame} frame @param {boolean} masked as clients send them
 */
export function frameBytes({ opcode, payload }, masked) {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header.writeUInt8(0x80 | opcode, 0);
  header.writeUInt8((masked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127), 1);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  // A key of zeros changes nothing, and is one.
  return Buffer.concat(masked ? [header, Buffer.alloc(4), payload] : [header, payload]);
}

/** Follows a stream of MQTT packets. */
export class PacketBoundaries {
  /** Bytes of the current packet that are still to come; undefined in its fixed header. @type {number | undefined} */
  #left;
  #shift = 0;
  #length = 0;
  #inHeader = false;

  /** Whether the next byte is the first of a packet. */
  get isBetween() {
    return !this.#inHeader && this.#left === undefined;
  }

  /** @param {Buffer} bytes */
  pass(bytes) {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left !== undefined) {
        const step = Math.min(this.#left, bytes.length - at);
        at += step;
        this.#left = this.#left === step ? undefined : this.#left - step;
      } else if (!this.#inHeader) {
        [this.#inHeader, this.#shift, this.#length] = [true, 0, 0];
        at += 1;
      } else {
        const byte = bytes.readUInt8(at);
        this.#length += (byte & 0x7f) << this.#shift;
        this.#shift += 7;
        at += 1;
        if (byte < 0x80) {
          this.#inHeader = false;
          this.#left = this.#length === 0 ? undefined : this.#length;
        }
      }
    }
  }
}
