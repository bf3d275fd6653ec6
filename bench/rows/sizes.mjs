// @ts-check
// How much each row does. A measurement is long enough that its beginning and its end don't count; a quick run is for
// an idea, a tiny one shows that the bench works and measures nothing.

/** @typedef {"tiny" | "quick" | "full"} Extent */

/** @param {Extent} extent @param {number} full @param {number} quick @param {number} tiny */
export function pick(extent, full, quick, tiny) {
  if (extent === "full") return full;
  return extent === "quick" ? quick : tiny;
}

/** @param {number} bytes */
export function named(bytes) {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
}
