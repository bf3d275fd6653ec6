/** Reads the pieces that packets are made of, from the start on. Knows no packet. */

/** There is less than should be read, or it makes no sense. @internal */
export class Short extends Error {}

/** A place in the bytes of a packet. What cannot be read throws `Short`. @internal */
export class Cursor {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** Steps over so many bytes, and gives where they began. */
  #step(length: number): number {
    if (length > this.left) {
      throw new Short();
    }
    this.at += length;
    return this.at - length;
  }

  byte(): number {
    return this.#view.getUint8(this.#step(1));
  }

  two(): number {
    return this.#view.getUint16(this.#step(2));
  }

  four(): number {
    return this.#view.getUint32(this.#step(4));
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    throw new Short();
  }

  bytes(length: number): Uint8Array {
    const start = this.#step(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Bytes with their length before them, as those of a text. */
  binary(): Uint8Array {
    return this.bytes(this.two());
  }
}
