/** What has changed between two payloads, line by line as people read it. Pure. */

import { textOf } from "./payload.js";

export interface Change {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
}

/** Bytes of a payload that are compared. */
const COMPARED = 64 * 1024;
/** Lines; more would take too long to compare, and to read. */
const LINES = 400;
/** Lines around a change that are shown. */
const AROUND = 1;

/** The changes; undefined if there are none, or if one of the two is no text. */
export function changes(before: Uint8Array, now: Uint8Array): Change[] | undefined {
  if (before.length > COMPARED || now.length > COMPARED) {
    return undefined;
  }
  const [old, fresh] = [linesOf(before), linesOf(now)];
  if (!old || !fresh || old.length > LINES || fresh.length > LINES) {
    return undefined;
  }
  const all = compared(old, fresh);
  return all.some(({ kind }) => kind !== "same") ? around(all) : undefined;
}

/** JSON has a line for each value, in the order of the names. */
function linesOf(payload: Uint8Array): string[] | undefined {
  const text = textOf(payload);
  if (text === undefined) {
    return undefined;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) {
      const lines: string[] = [];
      collect(parsed, "", lines);
      return lines.sort();
    }
  } catch {
    // As any text.
  }
  return text.split("\n");
}

function collect(node: unknown, path: string, lines: string[]): void {
  const inner = typeof node === "object" && node !== null ? Object.entries(node) : [];
  if (inner.length === 0) {
    lines.push(`${path}: ${JSON.stringify(node)}`);
  }
  for (const [name, child] of inner) {
    if (lines.length <= LINES) {
      collect(child, path ? `${path}.${name}` : name, lines);
    }
  }
}

/** By the longest common subsequence. */
function compared(old: readonly string[], fresh: readonly string[]): Change[] {
  const width = fresh.length + 1;
  const longest = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      longest[at] =
        old[i] === fresh[j]
          ? (longest[at + width + 1] ?? 0) + 1
          : Math.max(longest[at + width] ?? 0, longest[at + 1] ?? 0);
    }
  }
  const result: Change[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    const at = i * width + j;
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      result.push({ kind: "same", text: old[i] ?? "" });
      i += 1;
      j += 1;
    } else if (
      j >= fresh.length ||
      (i < old.length && (longest[at + width] ?? 0) >= (longest[at + 1] ?? 0))
    ) {
      result.push({ kind: "gone", text: old[i] ?? "" });
      i += 1;
    } else {
      result.push({ kind: "new", text: fresh[j] ?? "" });
      j += 1;
    }
  }
  return result;
}

function around(all: readonly Change[]): Change[] {
  return all.filter((_, at) =>
    all.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(({ kind }) => kind !== "same"),
  );
}
