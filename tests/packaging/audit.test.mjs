// @ts-check
// The published package depends on nothing, so that no advisory can be about what it brings along. What is needed to build,
// test and compare it is looked up; an advisory about that is told and fails nothing: it comes without a change here.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
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

test("the published package brings no other one along", async () => {
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
    await readFile(path.join(root, "pkg", "package.json"), "utf8"),
  );
  assert.deepEqual({ ...dependencies, ...optionalDependencies, ...peerDependencies }, {});
});

describe("the Node packages for building and testing", () => {
  for (const folder of [".", "tests/packaging", "bench"]) {
    test(`of ${folder} are in no advisory that npm knows`, async (context) => {
      const found = await audit(folder);
      if (!found?.metadata) return context.skip("npm's advisories cannot be fetched here");
      const about = Object.values(found.vulnerabilities).map(
        ({ name, severity }) => `${name} (${severity})`,
      );
      if (about.length > 0) {
        context.skip(`npm knows advisories, see \`npm audit\`: ${about.join(", ")}`);
      }
    });
  }
});
