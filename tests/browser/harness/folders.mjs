// @ts-check
// Folders that a test has for a while.

import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

/** @param {string} name for whoever finds it */
export function temporaryFolder(name) {
  return mkdtemp(path.join(os.tmpdir(), `webmqtt-${name}-`));
}

/**
 * Removes it. A browser that has ended may have processes that write there still: what stays because of them is told, and
 * is no fault of what was tested.
 * @param {string} folder nothing happens to one without a name
 */
export async function removeFolder(folder) {
  if (!folder) return;
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  } catch (error) {
    console.error("stays:", error);
  }
}
