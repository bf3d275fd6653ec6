// @ts-check
// The installed package in the hands of bundlers, in headless Chromium: a message goes to a broker and comes back.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir, readFile, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { createServer, build as vite } from "vite";
import webpack from "webpack";
import { freePort } from "../browser/harness/ports.mjs";
import { output, root } from "./harness/consumer.mjs";
import { serveFolder } from "./harness/folder_server.mjs";
import { useWorkbench } from "./harness/workbench.mjs";

const PATIENCE = 120_000;

/** The page, as soon as there is a server. @param {string} address */
async function served(address) {
  for (const started = Date.now(); ; ) {
    const page = await fetch(address).catch(() => undefined);
    if (page) return page.text();
    assert.ok(Date.now() - started < PATIENCE, `nobody serves ${address}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a message goes through", { timeout: 1_200_000 }, () => {
  const bench = useWorkbench();

  /** @param {string} address @returns what was fetched besides the page */
  async function goesThrough(address) {
    const page = await bench.browser.newPage();
    /** @type {string[]} */
    const said = [];
    /** @type {string[]} */
    const fetched = [];
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("console", (message) => said.push(message.text()));
    page.on("request", (request) => fetched.push(request.url()));
    try {
      await page.goto(`${address}?broker=${encodeURIComponent(bench.broker.url)}`);
      await page
        .waitForFunction(() => document.title === "through", undefined, { timeout: PATIENCE })
        .catch((error) => assert.fail(`${error}\n${said.join("\n")}`));
      return fetched;
    } finally {
      await page.close();
    }
  }

  /** @param {string} folder @param {string} [name] */
  async function servedFrom(folder, name = "") {
    const site = await serveFolder(folder);
    try {
      return await goesThrough(`${site.origin}/${name}`);
    } finally {
      await site.close();
    }
  }

  test("in a page without tools", async () => {
    await servedFrom(bench.consumer.folder, "page/");
  });

  test("in a page without tools, from one file that fetches nothing", async () => {
    const fetched = await servedFrom(bench.consumer.folder, "page/one_file.html");
    assert.deepEqual(
      fetched.filter((url) => url.endsWith(".wasm")),
      [],
    );
    assert.equal(fetched.filter((url) => url.includes("node_modules/webmqtt/")).length, 1);
  });

  test("built by Vite, from TypeScript", async () => {
    await vite({
      root: bench.consumer.path("vite"),
      configFile: false,
      logLevel: "error",
      build: { target: "es2022", outDir: "out" },
    });
    await servedFrom(bench.consumer.path("vite", "out"));
  });

  test("from Vite's server for development", async () => {
    const server = await createServer({
      root: bench.consumer.path("vite"),
      configFile: false,
      logLevel: "error",
      server: { host: "127.0.0.1", port: 0 },
    });
    try {
      await server.listen();
      await goesThrough(String(server.resolvedUrls?.local[0]));
    } finally {
      await server.close();
    }
  });

  test("built by webpack 5", async () => {
    const compiler = webpack({
      mode: "production",
      context: bench.consumer.path("webpack"),
      entry: "./main.js",
      output: { path: bench.consumer.path("webpack", "out"), filename: "main.js" },
    });
    await new Promise((resolve, reject) => {
      compiler.run((error, stats) => {
        if (error) reject(error);
        else if (stats?.hasErrors()) reject(new Error(stats.toString("errors-only")));
        else resolve(undefined);
      });
    });
    await bench.consumer.page("webpack");
    await servedFrom(bench.consumer.path("webpack", "out"));
  });

  /** @param {string} entry @param {import("esbuild").BuildOptions} [more] */
  const withEsbuild = (entry, more = {}) =>
    esbuild({
      absWorkingDir: bench.consumer.path("esbuild"),
      entryPoints: { main: entry },
      outdir: bench.consumer.path("esbuild", "out"),
      bundle: true,
      format: "esm",
      minify: true,
      logLevel: "silent",
      ...more,
    });

  test("built by esbuild, with the module's file copied", async () => {
    await withEsbuild("main.js");
    await bench.consumer.copyModule("esbuild");
    await bench.consumer.page("esbuild");
    await servedFrom(bench.consumer.path("esbuild", "out"));
  });

  test("built by esbuild, which copies the module for the slim entry", async () => {
    await rm(bench.consumer.path("esbuild", "out"), { recursive: true, force: true });
    await withEsbuild("slim.js", { loader: { ".wasm": "file" } });
    await bench.consumer.page("esbuild");
    await servedFrom(bench.consumer.path("esbuild", "out"));
  });

  test("built by Rollup, with the module's file copied", async () => {
    const bundle = await rollup({
      input: bench.consumer.path("rollup", "main.js"),
      plugins: [nodeResolve({ browser: true })],
    });
    // More than one file: the store is loaded only by who asks for it.
    const dir = bench.consumer.path("rollup", "out");
    await bundle.write({ dir, entryFileNames: "main.js", format: "es" });
    await bundle.close();
    await bench.consumer.copyModule("rollup");
    await bench.consumer.page("rollup");
    await servedFrom(bench.consumer.path("rollup", "out"));
  });

  test("rendered on a server by SvelteKit, at work in the page", async () => {
    const folder = bench.consumer.path("sveltekit");
    // The framework is in there, the package in the folder above.
    await symlink(
      path.join(root, "tests/packaging/node_modules"),
      path.join(folder, "node_modules"),
    );
    const tool = [process.execPath, path.join(folder, "node_modules/vite/bin/vite.js")];
    await output([...tool, "build"], folder);
    const port = await freePort();
    const [program = "", ...args] = [
      ...tool,
      "preview",
      "--host",
      "127.0.0.1",
      "--port",
      `${port}`,
    ];
    const server = spawn(program, [...args, "--strictPort"], { cwd: folder, stdio: "ignore" });
    try {
      const address = `http://127.0.0.1:${port}/`;
      assert.match(await served(address), /<p>connect is a function<\/p>/);
      await goesThrough(address);
    } finally {
      server.kill();
    }
  });

  test("and what is not used is left out", async () => {
    const { outputFiles } = await esbuild({
      stdin: {
        contents: `import "webmqtt"; import "webmqtt/slim"; import { scramSha256 } from "webmqtt/scram";
          import { signedUrl } from "webmqtt/sigv4"; import { read } from "webmqtt/payload";
          import { Inspector } from "webmqtt/inspect";`,
        resolveDir: bench.consumer.folder,
      },
      bundle: true,
      format: "esm",
      write: false,
      logLevel: "silent",
    });
    assert.equal(outputFiles[0]?.text.trim(), "");
    const site = await readdir(bench.consumer.path("vite", "out", "assets"));
    const modules = site.filter((name) => name.endsWith(".wasm")).sort();
    assert.deepEqual(
      modules.map((name) => name.replace(/-.*/, "")),
      ["webmqtt_bg", "webmqtt_store_bg"],
    );
    const slim = await readFile(bench.consumer.packaged("dist/slim.js"), "utf8");
    assert.ok(!slim.includes("import.meta"), "the slim entry names an address");
  });
});
