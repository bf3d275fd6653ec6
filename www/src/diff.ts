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
  const [old, fresh] = [textOf(before), textOf(now)];
  if (old === undefined || fresh === undefined) {
    return undefined;
  }
  const all = comparedValues(old, fresh) ?? comparedLines(old.split("\n"), fresh.split("\n"));
  return all.some(({ kind }) => kind !== "same") ? around(all) : undefined;
}

/** The values of JSON by their paths; undefined if one of the two is none. */
function valuesOf(text: string): Map<string, string> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const values = new Map<string, string>();
    collect(parsed, "", values);
    return typeof parsed === "object" && parsed !== null ? values : undefined;
  } catch {
    return undefined;
  }
}

function collect(node: unknown, path: string, values: Map<string, string>): void {
  const inner = typeof node === "object" && node !== null ? Object.entries(node) : [];
  if (inner.length === 0) {
    values.set(path, `${path}: ${JSON.stringify(node)}`);
  }
  for (const [name, child] of inner) {
    if (values.size <= LINES) {
      collect(child, path ? `${path}.${name}` : name, values);
    }
  }
}

function comparedValues(before: string, now: string): Change[] | undefined {
  const [old, fresh] = [valuesOf(before), valuesOf(now)];
  if (!old || !fresh) {
    return undefined;
  }
  const paths = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return paths.slice(0, LINES).flatMap((path): Change[] => {
    const [gone, text] = [old.get(path), fresh.get(path)];
    if (gone === text) {
      return [{ kind: "same", text: text ?? "" }];
    }
    return [
      ...(gone === undefined ? [] : [{ kind: "gone", text: gone } as const]),
      ...(text === undefined ? [] : [{ kind: "new", text } as const]),
    ];
  });
}

/** By the longest common subsequence; nothing of what is too long for that. */
function comparedLines(old: readonly string[], fresh: readonly string[]): Change[] {
  if (old.length > LINES || fresh.length > LINES) {
    return [];
  }
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
