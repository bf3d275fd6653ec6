// @ts-check
// Makes the files that pages load: of each participant the adapter with the library, and its minimal application, both
// bundled and minified as an application would be.

import { copyFile, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const bench = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const root = path.resolve(bench, "..");

/** Where they go. */
export const BUNDLES = path.join(root, "target", "bench");

const WEBMQTT = path.join(root, "pkg", "dist");
const WEBMQTT_WASM = path.join(WEBMQTT, "webmqtt_bg.wasm");
const MQTT5_WASM = process.env.WEBMQTT_BENCH_MQTT5_WASM ?? "";

/** Modules that a library fetches from beside its script. */
const MODULES = new Map([
  ["webmqtt", WEBMQTT_WASM],
  ["mqtt5_wasm", path.join(MQTT5_WASM, "mqtt5_wasm_bg.wasm")],
]);

/** Of each minimal application the files that it loads. @type {Map<string, string[]>} */
const loaded = new Map();

/** @param {Record<string, string>} entries @param {string} outdir */
function bundle(entries, outdir) {
  return build({
    entryPoints: entries,
    outdir,
    absWorkingDir: root,
    metafile: true,
    bundle: true,
    minify: true,
    format: "esm",
    splitting: true,
    target: ["chrome96", "firefox100", "safari16.4"],
    supported: { "top-level-await": true },
    legalComments: "none",
    logLevel: "error",
    alias: {
      webmqtt: path.join(WEBMQTT, "index.js"),
      "mqtt5-wasm": path.join(MQTT5_WASM, "mqtt5_wasm.js"),
    },
  });
}

/**
 * An output and what it imports before it runs; what it imports when it is asked for is not in it.
 * @param {import("esbuild").Metafile["outputs"]} outputs @param {string} file @returns {string[]}
 */
function withImports(outputs, file) {
  const imports = (outputs[file]?.imports ?? []).filter(({ kind }) => kind === "import-statement");
  return [file, ...imports.flatMap((one) => withImports(outputs, one.path))];
}

/** @param {readonly string[]} names of participants */
export async function makeBundles(names) {
  await rm(BUNDLES, { recursive: true, force: true });
  const peers = path.join(BUNDLES, "peers");
  const entries = names.map((name) => [name, path.join(bench, "peers", `${name}.js`)]);
  await bundle(Object.fromEntries(entries), peers);
  const minimal = await readdir(path.join(bench, "minimal"));
  for (const name of names) {
    const module = MODULES.get(name);
    if (module) await copyFile(module, path.join(peers, path.basename(module)));
    if (!minimal.includes(`${name}.js`)) continue;
    const folder = path.join(BUNDLES, "minimal", name);
    const { metafile } = await bundle({ app: path.join(bench, "minimal", `${name}.js`) }, folder);
    const app = path.relative(root, path.join(folder, "app.js"));
    const scripts = withImports(metafile.outputs, app).map((file) => path.join(root, file));
    loaded.set(name, [...new Set(scripts)]);
    if (!module) continue;
    const copy = path.join(folder, path.basename(module));
    await copyFile(module, copy);
    loaded.get(name)?.push(copy);
  }
}

/** Bytes of a minimal application: its scripts and its module; undefined if there is none. @param {string} name */
export async function sizeOfMinimal(name) {
  const files = loaded.get(name);
  if (!files) return undefined;
  let [gzip, brotli] = [0, 0];
  for (const file of files) {
    const bytes = await readFile(file);
    gzip += gzipSync(bytes, { level: 9 }).length;
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    brotli += brotliCompressSync(bytes, { params }).length;
  }
  return { gzip, brotli };
}
