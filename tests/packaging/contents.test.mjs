// @ts-check
// What is in the package, and whether others find it in there.

import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { Consumer, output, root } from "./harness/consumer.mjs";

/** Everything that users get. */
const FILES = [
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "README.md",
  "dist/answers.d.ts",
  "dist/base64.d.ts",
  "dist/base64.js",
  "dist/base64.js.map",
  "dist/client.d.ts",
  "dist/credentials.d.ts",
  "dist/cursor.d.ts",
  "dist/disposal.d.ts",
  "dist/dissect.d.ts",
  "dist/endpoint.d.ts",
  "dist/engine.d.ts",
  "dist/errors.d.ts",
  "dist/follow.d.ts",
  "dist/held.d.ts",
  "dist/held.js",
  "dist/held.js.map",
  "dist/index.d.ts",
  "dist/index.js",
  "dist/index.js.map",
  "dist/inspect.d.ts",
  "dist/inspect.js",
  "dist/inspect.js.map",
  "dist/listeners.d.ts",
  "dist/lock.d.ts",
  "dist/message.d.ts",
  "dist/options.d.ts",
  "dist/packed.d.ts",
  "dist/page.d.ts",
  "dist/payload.d.ts",
  "dist/payload.js",
  "dist/payload.js.map",
  "dist/records.d.ts",
  "dist/scram.d.ts",
  "dist/scram.js",
  "dist/scram.js.map",
  "dist/sigv4.d.ts",
  "dist/sigv4.js",
  "dist/sigv4.js.map",
  "dist/slim.d.ts",
  "dist/slim.js",
  "dist/slim.js.map",
  "dist/store.d.ts",
  "dist/store_module.d.ts",
  "dist/store_module.js",
  "dist/store_module.js.map",
  "dist/subscription.d.ts",
  "dist/text.d.ts",
  "dist/types.d.ts",
  "dist/waiting.d.ts",
  "dist/webmqtt_bg.wasm",
  "dist/webmqtt_store_bg.wasm",
  "package.json",
];

describe("the package", () => {
  /** @type {Consumer} */
  let consumer;
  before(async () => {
    consumer = await Consumer.install();
  });
  after(() => consumer?.remove());

  test("has what users need and nothing else", async () => {
    const listed = await output(["tar", "tzf", consumer.tarball], consumer.folder);
    const names = listed.trim().split("\n");
    assert.deepEqual(names.map((name) => name.replace(/^package\//, "")).sort(), FILES);
  });

  test("would be published", async () => {
    const said = await output(
      ["npm", "publish", "--dry-run", "--json", "--offline"],
      path.join(root, "pkg"),
    );
    const parsed = JSON.parse(said);
    const { name, files } = parsed.webmqtt ?? parsed;
    assert.equal(name, "webmqtt");
    const names = files.map((/** @type {{ path: string }} */ file) => file.path);
    assert.deepEqual(names.sort(), FILES);
  });

  test("needs nothing at run time, and every export is a file", async () => {
    const manifest = JSON.parse(await readFile(consumer.packaged("package.json"), "utf8"));
    for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "scripts"]) {
      assert.equal(manifest[kind], undefined, kind);
    }
    assert.equal(manifest.sideEffects, false);
    for (const [name, target] of Object.entries(manifest.exports)) {
      const conditions = typeof target === "string" ? { default: target } : target;
      if ("types" in conditions) assert.equal(Object.keys(conditions)[0], "types", name);
      for (const file of Object.values(conditions)) await access(consumer.packaged(file));
    }
  });

  test("publint finds nothing", async () => {
    const pkgDir = consumer.packaged("");
    const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg ?? {}, { color: false })),
      [],
    );
  });

  test("are the types wrong? They are right for ES modules and bundlers", async () => {
    const tarball = new Uint8Array(await readFile(consumer.tarball));
    const options = { excludeEntrypoints: ["./webmqtt.wasm", "./webmqtt-store.wasm"] };
    const result = await checkPackage(createPackageFromTarballData(tarball), options);
    assert.ok(result.types, "no types were found");
    const problems = result.problems.filter(
      (problem) =>
        // `require` of an ES module is no promise of ours, nor is resolution that knows no `exports`.
        problem.kind !== "CJSResolvesToESM" &&
        !("resolutionKind" in problem && problem.resolutionKind === "node10"),
    );
    assert.deepEqual(problems, []);
  });

  for (const [name, options] of /** @type {const} */ ([
    ["node16", ["--module", "node16"]],
    ["nodenext", ["--module", "nodenext"]],
    ["bundler", ["--module", "esnext", "--moduleResolution", "bundler"]],
  ])) {
    test(`TypeScript finds its types with moduleResolution ${name}`, async () => {
      const tsc = path.join(root, "node_modules/.bin/tsc");
      const common = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
      const check = (/** @type {string} */ lib, /** @type {string[]} */ ...files) =>
        output(
          [tsc, ...common, "--types", "", "--lib", lib, ...options, ...files],
          consumer.path("types"),
        );
      // Declarations are checked, too: they ask for nothing newer.
      await check("es2022,dom", "uses.ts", "api.ts");
      await check("es2022,dom,esnext.disposable", "disposal.ts");
    });
  }
});
