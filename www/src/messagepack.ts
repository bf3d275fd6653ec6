/** MessagePack as text. Pure. */

import { hexOf, Reader, type Tree, treeText } from "./binary-tree.js";
import { t } from "./language.js";

/** Throws an error in words if `bytes` are no MessagePack. */
export function messagePackText(bytes: Uint8Array): string {
  const reader = new Reader(bytes);
  const text = treeText(item(reader, 0));
  if (reader.left > 0) {
    throw new Error(t("{count} bytes are left over", { count: reader.left }));
  }
  return text;
}

function item(reader: Reader, depth: number): Tree {
  reader.enter(depth);
  const first = Number(reader.unsigned(1));
  if (first < 0x80) {
    return String(first);
  }
  if (first < 0x90) {
    return map(reader, BigInt(first & 15), depth);
  }
  if (first < 0xa0) {
    return array(reader, BigInt(first & 15), depth);
  }
  if (first < 0xc0) {
    return reader.text(first & 31);
  }
  if (first >= 0xe0) {
    return String(first - 256);
  }
  return other(reader, first, depth);
}

function other(reader: Reader, first: number, depth: number): Tree {
  const length = (size: number) => reader.count(reader.unsigned(size));
  switch (first) {
    case 0xc0:
      return "null";
    case 0xc2:
      return "false";
    case 0xc3:
      return "true";
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return hexOf(reader.take(length(1 << (first - 0xc4))));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return extension(reader, length(1 << (first - 0xc7)));
    case 0xca:
    case 0xcb:
      return String(reader.float(first === 0xca ? 4 : 8));
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return String(reader.unsigned(1 << (first - 0xcc)));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return String(reader.signed(1 << (first - 0xd0)));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return reader.text(length(1 << (first - 0xd9)));
    case 0xdc:
    case 0xdd:
      return array(reader, reader.unsigned(first === 0xdc ? 2 : 4), depth);
    case 0xde:
    case 0xdf:
      return map(reader, reader.unsigned(first === 0xde ? 2 : 4), depth);
    case 0xc1:
      throw new Error(t("it has a byte that MessagePack never uses"));
    default:
      return extension(reader, 1 << (first - 0xd4));
  }
}

function extension(reader: Reader, length: number): Tree {
  const type = reader.signed(1);
  return { tag: `extension ${type}`, inner: hexOf(reader.take(length)) };
}

function array(reader: Reader, length: bigint, depth: number): Tree {
  const items: Tree[] = [];
  for (let left = reader.count(length); left > 0; left -= 1) {
    items.push(item(reader, depth + 1));
  }
  return { items };
}

function map(reader: Reader, length: bigint, depth: number): Tree {
  const pairs: [Tree, Tree][] = [];
  for (let left = reader.count(length); left > 0; left -= 1) {
    pairs.push([item(reader, depth + 1), item(reader, depth + 1)]);
  }
  return { pairs };
}
