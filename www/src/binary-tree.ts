/** What binary formats decode to, ready to be shown: a tree of words. Pure, and bounded on any bytes. */

import { t } from "./language.js";

export type Tree =
  | string
  | { readonly items: readonly Tree[] }
  | { readonly pairs: readonly (readonly [Tree, Tree])[] }
  | { readonly tag: string; readonly inner: Tree };

/** Deeper and longer than anybody reads; what is beyond is an error, not a stack overflow. */
const DEEPEST = 64;
const MOST = 20_000;
const BYTES_SHOWN = 64;

/** Reads big-endian numbers and never behind the end. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #read = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #skip(count: number): number {
    if (count > this.left) {
      throw new Error(t("it ends too early"));
    }
    const at = this.#at;
    this.#at += count;
    return at;
  }

  /** Call for every value, with its depth. */
  enter(depth: number): void {
    this.#read += 1;
    if (depth > DEEPEST || this.#read > MOST) {
      throw new Error(t("it is too deep or too long to show"));
    }
  }

  take(count: number): Uint8Array {
    const at = this.#skip(count);
    return this.#bytes.subarray(at, at + count);
  }

  text(count: number): string {
    const bytes = this.take(count);
    return JSON.stringify(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  }

  /** Of 1, 2, 4 or 8 bytes. */
  unsigned(size: number): bigint {
    const at = this.#skip(size);
    switch (size) {
      case 1:
        return BigInt(this.#view.getUint8(at));
      case 2:
        return BigInt(this.#view.getUint16(at));
      case 4:
        return BigInt(this.#view.getUint32(at));
      default:
        return this.#view.getBigUint64(at);
    }
  }

  signed(size: number): bigint {
    return BigInt.asIntN(size * 8, this.unsigned(size));
  }

  float(size: number): number {
    if (size === 2) {
      return half(Number(this.unsigned(2)));
    }
    const at = this.#skip(size);
    return size === 4 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
  }

  /** How many values to read: there cannot be more than bytes. */
  count(value: bigint): number {
    if (value > BigInt(this.left)) {
      throw new Error(t("it ends too early"));
    }
    return Number(value);
  }
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) {
    return sign * fraction * 2 ** -24;
  }
  if (exponent === 31) {
    return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  }
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function hexOf(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, BYTES_SHOWN), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  const more = bytes.length - BYTES_SHOWN;
  return more > 0 ? `h'${shown}${t("… {count} bytes more", { count: more })}'` : `h'${shown}'`;
}

/** With line breaks and indentation, as JSON would be. */
export function treeText(tree: Tree, depth = 0): string {
  if (typeof tree === "string") {
    return tree;
  }
  if ("tag" in tree) {
    return `${tree.tag}(${treeText(tree.inner, depth)})`;
  }
  const inner = `\n${"  ".repeat(depth + 1)}`;
  const end = `\n${"  ".repeat(depth)}`;
  if ("items" in tree) {
    const items = tree.items.map((item) => inner + treeText(item, depth + 1));
    return items.length === 0 ? "[]" : `[${items.join(",")}${end}]`;
  }
  const pairs = tree.pairs.map(
    ([key, value]) => `${inner}${treeText(key, depth + 1)}: ${treeText(value, depth + 1)}`,
  );
  return pairs.length === 0 ? "{}" : `{${pairs.join(",")}${end}}`;
}
