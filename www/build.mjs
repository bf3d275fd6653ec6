// Builds the page into a folder that any file server can serve:
//   node www/build.mjs [--out target/www] [--webmqtt pkg/dist/index.js] [--watch]

import { cp, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(root, "target/www") },
    webmqtt: { type: "string", default: join(root, "pkg/dist/index.js") },
    watch: { type: "boolean", default: false },
  },
});
const out = resolve(values.out);
const webmqtt = resolve(values.webmqtt);
const wasm = resolve(dirname(webmqtt), "../wasm/webmqtt_bg.wasm");

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: here,
  entryPoints: { app: "src/main.ts", style: "style/index.css" },
  outdir: out,
  bundle: true,
  format: "esm",
  target: ["chrome96", "firefox100", "safari16.4"],
  alias: { webmqtt },
  minify: !values.watch,
  sourcemap: values.watch ? "inline" : false,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

async function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A meta element cannot carry frame-ancestors; the header in csp.txt can. */
async function page() {
  const policy = (await readFile(join(here, "csp.txt"), "utf8")).trim();
  const inMeta = policy
    .split(";")
    .map((directive) => directive.trim())
    .filter((directive) => directive && !directive.startsWith("frame-ancestors"))
    .join("; ");
  const html = await readFile(join(here, "index.html"), "utf8");
  const marker = "<!-- content-security-policy -->";
  if (!html.includes(marker)) {
    throw new Error(`www/index.html has lost its marker ${marker}`);
  }
  return html.replace(marker, `<meta http-equiv="Content-Security-Policy" content="${inMeta}">`);
}

async function copyStatic() {
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "index.html"), await page());
  await cp(join(here, "icon.svg"), join(out, "icon.svg"));
  // `cargo xtask demo` answers this path with the URL of its broker; other servers serve "none".
  await writeFile(join(out, "demo.json"), "{}\n");
  // The package looks for its module beside the script that contains it.
  if (await exists(wasm)) {
    await cp(wasm, join(out, "webmqtt_bg.wasm"));
  }
}

async function report() {
  for (const name of ["index.html", "style.css", "app.js", "webmqtt_bg.wasm"]) {
    const path = join(out, name);
    if (await exists(path)) {
      const bytes = await readFile(path);
      const kilobytes = (size) => `${(size / 1024).toFixed(1)} KB`.padStart(9);
      console.log(
        `${name.padEnd(16)} ${kilobytes(bytes.length)} ${kilobytes(gzipSync(bytes).length)} gzip`,
      );
    }
  }
}

if (!(await exists(webmqtt))) {
  console.error(
    `www: ${relative(process.cwd(), webmqtt)} is missing; build the package first with \`cargo xtask build\``,
  );
  process.exit(1);
}

await copyStatic();
if (values.watch) {
  const watcher = await context({ ...options, logLevel: "info" });
  await watcher.watch();
} else {
  try {
    await build(options);
  } catch {
    // esbuild has printed what is wrong.
    process.exit(1);
  }
  await report();
}
