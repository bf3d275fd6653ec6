// Checks the types of every example in the guide and the README: node docs/check/examples.mjs
//
// Each `ts` and `js` block, and each module script of an `html` block, is a module of its own. Names that an example
// takes for granted, like `client`, are declared in given.d.ts. The package must have been built.

import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const out = join(root, "target/docs");

const CONFIGURATION = {
  compilerOptions: {
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "bundler",
    lib: ["ES2022", "ESNext.Disposable", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    types: [],
    noEmit: true,
    allowJs: true,
    checkJs: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noFallthroughCasesInSwitch: true,
    noImplicitReturns: true,
    noUncheckedIndexedAccess: true,
    moduleDetection: "force",
    // The declarations of other clients want Node's.
    skipLibCheck: true,
    paths: {
      webmqtt: ["../../pkg/dist/index.d.ts"],
      "webmqtt/inspect": ["../../pkg/dist/inspect.d.ts"],
      "webmqtt/payload": ["../../pkg/dist/payload.d.ts"],
      "webmqtt/scram": ["../../pkg/dist/scram.d.ts"],
      "webmqtt/sigv4": ["../../pkg/dist/sigv4.d.ts"],
      "webmqtt/slim": ["../../pkg/dist/slim.d.ts"],
    },
  },
  include: ["*.ts", "*.js", "../../docs/check/given.d.ts"],
};

/** The fenced blocks of a page: language, code, and the number of lines before the code. */
export function blocksOf(markdown) {
  const blocks = [];
  let block;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (block && line.trim() === "```") {
      blocks.push({ ...block, code: block.lines.join("\n") });
      block = undefined;
    } else if (block) {
      block.lines.push(line);
    } else if (line.startsWith("```")) {
      block = { language: line.slice(3).trim(), before: index + 1, lines: [] };
    }
  }
  if (block) {
    throw new Error(`the block that begins at line ${block.before} has no end`);
  }
  return blocks;
}

/** The module scripts of an `html` block, with the number of lines before each. */
function scriptsOf({ code, before }) {
  const found = code.matchAll(/<script type="module">\n([\s\S]*?)<\/script>/g);
  return [...found].map((match) => {
    const start = match.index + match[0].indexOf("\n") + 1;
    const lines = code.slice(0, start).split("\n").length - 1;
    return { language: "js", code: match[1], before: before + lines };
  });
}

/** The pages with examples, as paths from the root. */
export async function pages() {
  const guide = await readdir(join(root, "docs/guide"));
  return ["README.md", ...guide.filter((name) => name.endsWith(".md")).map(inGuide)];
}

const inGuide = (name) => `docs/guide/${name}`;

async function check() {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "tsconfig.json"), JSON.stringify(CONFIGURATION));
  const origins = new Map();
  for (const page of await pages()) {
    const blocks = blocksOf(await readFile(join(root, page), "utf8")).flatMap((block) =>
      block.language === "html" ? scriptsOf(block) : [block],
    );
    for (const { language, code, before } of blocks) {
      if (language === "ts" || language === "js") {
        const name = `${page.replaceAll("/", "_")}_${before}.${language}`;
        origins.set(name, page);
        // On the same lines as in the page.
        await writeFile(join(out, name), `${"\n".repeat(before)}${code}\n`);
      }
    }
  }
  if (origins.size === 0) {
    throw new Error("there is no example at all");
  }
  const tsc = join(root, "node_modules/.bin/tsc");
  try {
    await promisify(execFile)(tsc, ["--project", out, "--pretty", "false"], { cwd: out });
  } catch (error) {
    const named = (error.stdout ?? String(error)).replace(
      /^([\w.-]+)\((\d+),/gm,
      (whole, name, line) => (origins.has(name) ? `${origins.get(name)}(${line},` : whole),
    );
    console.error(named);
    process.exit(1);
  }
  console.log(
    `${origins.size} examples of ${new Set(origins.values()).size} pages have right types`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await check();
}
