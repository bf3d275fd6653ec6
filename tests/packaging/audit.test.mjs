// @ts-check
// What the Node packages here depend on is in no advisory that npm knows. The published package has no dependency.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { describe, test } from "node:test";
import { root } from "./harness/consumer.mjs";

/** What npm says, however it ends. @param {string} folder @returns {Promise<any>} */
function audit(folder) {
  return new Promise((resolve) => {
    const cwd = path.join(root, folder);
    const options = { cwd, maxBuffer: 1 << 26, timeout: 60_000 };
    execFile("npm", ["audit", "--package-lock-only", "--json"], options, (_, stdout) => {
      try {
        resolve(JSON.parse(stdout));
      } catch {
        resolve(undefined);
      }
    });
  });
}

describe("the Node packages", () => {
  for (const folder of [".", "tests/packaging", "bench"]) {
    test(`of ${folder} are in no advisory that npm knows`, async (context) => {
      const found = await audit(folder);
      if (!found?.metadata) return context.skip("npm's advisories cannot be fetched here");
      const names = Object.keys(found.vulnerabilities);
      assert.deepEqual(names, [], "see `npm audit`");
    });
  }
});
