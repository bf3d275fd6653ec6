// Tests of the page's pure parts, in Node: node www/test.mjs [--webmqtt pkg/dist/index.js] [--reporter spec]
// What needs a document is tested in a browser, by tests/browser.

import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const out = join(root, "target/www-test");
const { values } = parseArgs({
  options: {
    webmqtt: { type: "string", default: join(root, "pkg/dist/index.js") },
    reporter: { type: "string", default: "spec" },
  },
});
const webmqtt = resolve(values.webmqtt);

const names = (await readdir(join(here, "test"))).filter((name) => name.endsWith(".test.mjs"));
await build({
  absWorkingDir: here,
  entryPoints: names.map((name) => join("test", name)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  alias: { webmqtt },
  logLevel: "warning",
});
const tests = names.map((name) => join(out, name));
const run = spawn(process.execPath, ["--test", `--test-reporter=${values.reporter}`, ...tests], {
  stdio: "inherit",
  env: {
    ...process.env,
    WEBMQTT_ROOT: root,
    WEBMQTT_WASM: resolve(dirname(webmqtt), "webmqtt_bg.wasm"),
  },
});
run.on("exit", (code) => process.exit(code ?? 1));
