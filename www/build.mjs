// Builds the page into a folder that any file server can serve:
//   node www/build.mjs [--out target/www] [--webmqtt pkg/dist/index.js] [--watch]

import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
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
const modules = ["webmqtt_bg.wasm", "webmqtt_store_bg.wasm"];
/** What is served as it is: where it comes from, and its name there. */
const STATIC = [
  ["icon.svg", "icon.svg"],
  ["icons/icon-192.png", "icon-192.png"],
  ["icons/icon-512.png", "icon-512.png"],
  ["icons/maskable-512.png", "maskable-512.png"],
  ["app.webmanifest", "app.webmanifest"],
];
/** Bytes, compressed, of everything that a visitor has to load before the page is alive. */
const FIRST_LOAD = 150_000;

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: here,
  entryPoints: { app: "src/main.ts", style: "style/index.css" },
  outdir: out,
  bundle: true,
  // What is loaded only when it is needed, in files beside the rest.
  splitting: true,
  chunkNames: "[name]-[hash]",
  metafile: true,
  format: "esm",
  target: ["chrome96", "firefox100", "safari16.4"],
  alias: {
    webmqtt,
    "webmqtt/scram": join(dirname(webmqtt), "scram.js"),
    "webmqtt/inspect": join(dirname(webmqtt), "inspect.js"),
    "webmqtt/sigv4": join(dirname(webmqtt), "sigv4.js"),
  },
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

/** What the script imports at once is asked for together with it, and not one after the other. */
function preloads(outputs) {
  const entry = Object.keys(outputs).find((path) => resolve(here, path) === join(out, "app.js"));
  return [...loadedAtOnce(outputs, entry)]
    .filter((path) => path !== entry)
    .map((path) => `<link rel="modulepreload" href="./${relative(out, resolve(here, path))}">`)
    .join("\n    ");
}

/** A meta element cannot carry frame-ancestors; the header in csp.txt can. */
async function page(outputs) {
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
  return html
    .replace(marker, `<meta http-equiv="Content-Security-Policy" content="${inMeta}">`)
    .replace("</head>", `  ${preloads(outputs)}\n  </head>`);
}

async function copyStatic() {
  await mkdir(out, { recursive: true });
  // Chunks have their hash in the name: those of older builds would stay for ever.
  for (const name of await readdir(out)) {
    if (/-[A-Z0-9]{8}\.js$/.test(name)) {
      await rm(join(out, name));
    }
  }
  for (const [from, name] of STATIC) {
    await cp(join(here, from), join(out, name));
  }
  // `cargo xtask demo` answers this path with the URL of its broker; other servers serve "none".
  await writeFile(join(out, "demo.json"), "{}\n");
  // The package looks for its modules beside the script that contains it.
  for (const name of modules) {
    const module = resolve(dirname(webmqtt), name);
    if (await exists(module)) {
      await cp(module, join(out, name));
    }
  }
}

/** The worker that keeps this build's files, all of them, for when there is no network. */
async function serviceWorker(outputs) {
  const built = Object.keys(outputs).map((path) => relative(out, resolve(here, path)));
  // The system has its icons from when the page was installed.
  const still = STATIC.map(([, name]) => name).filter((name) => !name.endsWith(".png"));
  const names = [...built, ...still, "index.html"].sort();
  for (const name of modules) {
    if (await exists(join(out, name))) {
      names.push(name);
    }
  }
  const hash = createHash("sha256");
  for (const name of names) {
    hash.update(name).update(await readFile(join(out, name)));
  }
  const files = names.map((name) => (name === "index.html" ? "./" : `./${name}`));
  const source = await readFile(join(here, "service-worker.js"), "utf8");
  return source
    .replace("<!-- build -->", hash.digest("hex").slice(0, 16))
    .replace('"<!-- files -->"', files.map((file) => JSON.stringify(file)).join(", "));
}

/** The script and what it imports before it runs. */
function loadedAtOnce(outputs, path, found = new Set()) {
  if (path !== undefined && !found.has(path)) {
    found.add(path);
    for (const { kind, path: imported } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement") {
        loadedAtOnce(outputs, imported, found);
      }
    }
  }
  return found;
}

/** Says what a visitor downloads; false if the first load is over its budget. */
async function report({ outputs }) {
  const paths = Object.keys(outputs).map((path) => resolve(here, path));
  const entry = Object.keys(outputs).find((path) => resolve(here, path) === join(out, "app.js"));
  const atOnce = new Set([...loadedAtOnce(outputs, entry)].map((path) => resolve(here, path)));
  for (const name of [
    "index.html",
    "style.css",
    "icon.svg",
    "app.webmanifest",
    "webmqtt_bg.wasm",
  ]) {
    atOnce.add(join(out, name));
  }
  let first = 0;
  for (const path of new Set([...atOnce, ...paths])) {
    if (!(await exists(path))) {
      continue;
    }
    const bytes = await readFile(path);
    const packed = gzipSync(bytes, { level: 9 }).length;
    const kilobytes = (size) => `${(size / 1000).toFixed(1)} KB`.padStart(9);
    const when = atOnce.has(path) ? "" : ", when needed";
    first += atOnce.has(path) ? packed : 0;
    const name = relative(out, path).padEnd(24);
    console.log(`${name} ${kilobytes(bytes.length)} ${kilobytes(packed)} gzip${when}`);
  }
  console.log(`first load ${first} of ${FIRST_LOAD} bytes gzip`);
  return first <= FIRST_LOAD;
}

if (!(await exists(webmqtt))) {
  console.error(
    `www: ${relative(process.cwd(), webmqtt)} is missing; build the package first with \`cargo xtask build\``,
  );
  process.exit(1);
}

await copyStatic();
if (values.watch) {
  await writeFile(join(out, "index.html"), await page({}));
  const watcher = await context({ ...options, logLevel: "info" });
  await watcher.watch();
} else {
  try {
    const result = await build(options);
    const { outputs } = result.metafile;
    await writeFile(join(out, "index.html"), await page(outputs));
    await writeFile(join(out, "service-worker.js"), await serviceWorker(outputs));
    if (!(await report(result.metafile))) {
      console.error(
        "www: the first load is over its budget; load something only when it is needed",
      );
      process.exit(1);
    }
  } catch (error) {
    // esbuild has printed what is wrong with the sources.
    if (!("errors" in error)) {
      throw error;
    }
    process.exit(1);
  }
}
