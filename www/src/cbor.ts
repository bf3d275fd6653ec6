/** CBOR (RFC 8949) as text in its diagnostic notation. Pure. */

import { hexOf, Reader, type Tree, treeText } from "./binary-tree.js";
import { t } from "./language.js";

const SIMPLE: Record<number, string> = { 20: "false", 21: "true", 22: "null", 23: "undefined" };
const BREAK = Symbol("break");

/** Throws an error in words if `bytes` are no CBOR. */
export function cborText(bytes: Uint8Array): string {
  const reader = new Reader(bytes);
  const parts: string[] = [];
  // Several values after each other are a CBOR sequence.
  do {
    parts.push(treeText(complete(item(reader, 0))));
  } while (reader.left > 0);
  return parts.join("\n");
}

function complete(value: Tree | typeof BREAK): Tree {
  if (value === BREAK) {
    throw new Error(t("it ends something that never began"));
  }
  return value;
}

function item(reader: Reader, depth: number): Tree | typeof BREAK {
  reader.enter(depth);
  const first = Number(reader.unsigned(1));
  const major = first >> 5;
  const low = first & 31;
  if (major === 7) {
    return simple(reader, low);
  }
  const value = low === 31 ? undefined : argument(reader, low);
  if (value === undefined) {
    return indefinite(reader, major, depth);
  }
  switch (major) {
    case 0:
      return String(value);
    case 1:
      return String(-1n - value);
    case 2:
      return hexOf(reader.take(reader.count(value)));
    case 3:
      return reader.text(reader.count(value));
    case 4:
      return { items: times(reader.count(value), () => complete(item(reader, depth + 1))) };
    case 5:
      return {
        pairs: times(reader.count(value), () => [
          complete(item(reader, depth + 1)),
          complete(item(reader, depth + 1)),
        ]),
      };
    default:
      return { tag: String(value), inner: complete(item(reader, depth + 1)) };
  }
}

function argument(reader: Reader, low: number): bigint {
  if (low < 24) {
    return BigInt(low);
  }
  if (low > 27) {
    throw new Error(t("it has a length that CBOR does not know"));
  }
  return reader.unsigned(1 << (low - 24));
}

function simple(reader: Reader, low: number): Tree | typeof BREAK {
  if (low === 31) {
    return BREAK;
  }
  if (low >= 25 && low <= 27) {
    return String(reader.float(1 << (low - 24)));
  }
  const value = Number(argument(reader, low));
  return SIMPLE[value] ?? `simple(${value})`;
}

function indefinite(reader: Reader, major: number, depth: number): Tree {
  if (major < 2 || major > 5) {
    throw new Error(t("it has a number without an end"));
  }
  const items: Tree[] = [];
  for (let next = item(reader, depth + 1); next !== BREAK; next = item(reader, depth + 1)) {
    items.push(next);
  }
  if (major === 4) {
    return { items };
  }
  if (major === 5) {
    if (items.length % 2 === 1) {
      throw new Error(t("it has a key without a value"));
    }
    return {
      pairs: times(items.length / 2, (at) => [items[2 * at] ?? "", items[2 * at + 1] ?? ""]),
    };
  }
  return { tag: "chunks", inner: { items } };
}

function times<T>(count: number, make: (index: number) => T): T[] {
  const made: T[] = [];
  for (let index = 0; index < count; index += 1) {
    made.push(make(index));
  }
  return made;
}
