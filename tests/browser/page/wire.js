// @ts-check
// Plain data as text, between a realm under test and Node, which reads this file too. Keeps what JSON drops: undefined,
// numbers that are not finite, bytes.

const MARK = "\u0000";

/** @param {unknown} value @returns {string} */
export function pack(value) {
  return JSON.stringify(value, (_, inner) => {
    if (inner === undefined) return { [MARK]: "undefined" };
    if (typeof inner === "number" && !Number.isFinite(inner)) return { [MARK]: String(inner) };
    if (inner instanceof Uint8Array) return { [MARK]: "bytes", bytes: [...inner] };
    return inner;
  });
}

/** @param {string} text @returns {any} */
export function unpack(text) {
  return restored(JSON.parse(text));
}

/** @param {any} value @returns {any} */
function restored(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(restored);
  const mark = value[MARK];
  if (mark === "undefined") return undefined;
  if (mark === "bytes") return Uint8Array.from(value.bytes);
  if (mark !== undefined) return Number(mark);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, restored(inner)]));
}
