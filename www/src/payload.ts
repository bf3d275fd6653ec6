/** Payloads as people read them: text, JSON or hex. Pure, and safe on any bytes. */

import { t } from "./language.js";

export type PayloadKind = "empty" | "text" | "json" | "binary";

/** What one line in a list needs to look at. */
const HEAD = 512;
/** More than this of one payload is not put on the page. */
export const SHOWN = 128 * 1024;
const HEX_SHOWN = 16 * 1024;
/** Characters of JSON that are indented. */
const INDENTED = 512 * 1024;

/** A control character that has no place in text. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/** The text of `bytes`, or undefined if it is no UTF-8 text. A character cut off by `limit` is left out. */
export function textOf(bytes: Uint8Array, limit = Number.POSITIVE_INFINITY): string | undefined {
  const cut = bytes.length > limit;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      cut ? bytes.subarray(0, limit) : bytes,
      { stream: cut },
    );
    return CONTROL.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Decided on the first bytes, except that only complete JSON is called JSON. */
export function kindOf(bytes: Uint8Array): PayloadKind {
  if (bytes.length === 0) {
    return "empty";
  }
  const text = textOf(bytes, SHOWN);
  if (text === undefined) {
    return "binary";
  }
  return bytes.length <= SHOWN && looksLikeJson(text) && parsed(text) !== undefined
    ? "json"
    : "text";
}

function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** One line for the list. */
export function preview(bytes: Uint8Array): string {
  const text = textOf(bytes, HEAD);
  if (text !== undefined) {
    return text.replace(/\s+/g, " ");
  }
  return hexBytes(bytes.subarray(0, 48)) + (bytes.length > 48 ? " …" : "");
}

/** The payload's text for its detail view, and how many of its bytes that is. */
export function shownText(bytes: Uint8Array): { text: string; shown: number } {
  const text = textOf(bytes, SHOWN);
  // Browsers take seconds to lay out very many characters that no font has.
  const shown = Math.min(bytes.length, text === undefined ? HEX_SHOWN : SHOWN);
  return { text: text ?? new TextDecoder().decode(bytes.subarray(0, shown)), shown };
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Offset, sixteen bytes, and what of them is printable ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  const end = Math.min(bytes.length, HEX_SHOWN);
  for (let offset = 0; offset < end; offset += 16) {
    const row = bytes.subarray(offset, Math.min(offset + 16, end));
    const ascii = Array.from(row, (byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·",
    ).join("");
    lines.push(`${offset.toString(16).padStart(6, "0")}  ${hexBytes(row).padEnd(47)}  ${ascii}`);
  }
  if (bytes.length > end) {
    lines.push(t("… {count} bytes more", { count: bytes.length - end }));
  }
  return lines.join("\n");
}

/**
 * Valid JSON with line breaks and indentation, every token as it came: parsing and printing again
 * would round numbers above 2^53.
 */
export function indentJson(text: string): string {
  const tokens = text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
  let result = "";
  let depth = 0;
  // Browsers take seconds for millions of blanks: what is so long goes on without.
  const lineBreak = (at: number) =>
    result.length > INDENTED ? "" : `\n${"  ".repeat(Math.min(at, 40))}`;
  tokens.forEach((token, index) => {
    const closesAtOnce = /^[\]}]$/.test(tokens[index + 1] ?? "");
    if (token === "{" || token === "[") {
      depth += 1;
      result += closesAtOnce ? token : `${token}${lineBreak(depth)}`;
    } else if (token === "}" || token === "]") {
      depth -= 1;
      const openedJustNow = /^[[{]$/.test(tokens[index - 1] ?? "");
      result += openedJustNow ? token : `${lineBreak(depth)}${token}`;
    } else if (token === ",") {
      result += `,${lineBreak(depth)}`;
    } else {
      result += token === ":" ? ": " : token;
    }
  });
  return result;
}

/** A number in a payload, and where in it: empty for a payload that is just a number. */
export interface NumericField {
  readonly path: string;
  readonly value: number;
}

/** What is searched of a payload: bytes, depth, and how many numbers are found. */
interface Search {
  readonly bytes: number;
  readonly depth: number;
  readonly fields: number;
}

const USUAL: Search = { bytes: 4_096, depth: 3, fields: 8 };
const THOROUGH: Search = { bytes: 65_536, depth: 8, fields: 100 };

/** The numbers of a payload: the whole of it, or fields of JSON. Thorough where somebody has asked for one. */
export function numbersIn(bytes: Uint8Array, thorough = false): NumericField[] {
  const search = thorough ? THOROUGH : USUAL;
  if (bytes.length === 0 || bytes.length > search.bytes) {
    return [];
  }
  const text = textOf(bytes)?.trim();
  if (!text) {
    return [];
  }
  if (NUMBER.test(text)) {
    return [{ path: "", value: Number(text) }];
  }
  const fields: NumericField[] = [];
  if (looksLikeJson(text)) {
    collect(parsed(text), "", 0, search, fields);
  }
  return fields;
}

function collect(
  node: unknown,
  path: string,
  depth: number,
  search: Search,
  into: NumericField[],
): void {
  if (typeof node === "number") {
    if (into.length < search.fields) {
      into.push({ path, value: node });
    }
    return;
  }
  if (typeof node !== "object" || node === null || depth === search.depth) {
    return;
  }
  for (const [name, child] of Object.entries(node)) {
    collect(child, path ? `${path}.${name}` : name, depth + 1, search, into);
  }
}
