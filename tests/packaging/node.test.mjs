// @ts-check
// The installed package under Node.js: where pages are rendered, and where a program talks to a broker.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build as vite } from "vite";
import { Consumer, output } from "./harness/consumer.mjs";

/** Imports a file in a process of its own, which ends by itself if the import has left nothing running. */
const IMPORT = `
  const before = new Set(Reflect.ownKeys(globalThis));
  const { render } = await import(process.argv[1]);
  const added = Reflect.ownKeys(globalThis).filter((key) => !before.has(key));
  console.log(JSON.stringify({ html: render(), added, busy: process.getActiveResourcesInfo() }));
`;

describe("under Node.js", { timeout: 120_000 }, () => {
  /** @type {Consumer} */
  let consumer;
  before(async () => {
    consumer = await Consumer.install();
  });
  after(() => consumer?.remove());

  /** @param {string} file */
  async function rendersQuietly(file) {
    const said = await output(
      [process.execPath, "--input-type=module", "--eval", IMPORT, pathToFileURL(file).href],
      consumer.folder,
    );
    const { html, added, busy } = JSON.parse(said);
    assert.equal(html, "<p>function function function function function</p>");
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
