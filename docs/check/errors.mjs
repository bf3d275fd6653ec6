// Writes the list of error codes in the guide, from the texts in pkg/src/errors.ts:
//   node docs/check/errors.mjs            writes it
//   node docs/check/errors.mjs --check    fails if it is old

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const page = join(root, "docs/guide/errors.md");

async function texts() {
  const source = await readFile(join(root, "pkg/src/errors.ts"), "utf8");
  const { code } = await transform(`${source}\nexport { REASON_REMEDIES, TEXTS };`, {
    loader: "ts",
    format: "esm",
  });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Text for a cell of a table. */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

function codes({ TEXTS }) {
  const rows = Object.entries(TEXTS).map(
    ([code, [message, remediation]]) => `| \`${code}\` | ${cell(message)} | ${cell(remediation)} |`,
  );
  return ["| code | what happened | what to do |", "|---|---|---|", ...rows];
}

function reasons({ REASONS, REASON_REMEDIES }) {
  const rows = REASONS.map((name, index) => {
    const code = 0x80 + index;
    const hex = `0x${code.toString(16).toUpperCase()}`;
    return `| ${code} | ${hex} | ${name} | ${cell(REASON_REMEDIES.get(code) ?? "")} |`;
  });
  return ["| `reasonCode` | | name | what to do |", "|---|---|---|---|", ...rows];
}

function fill(text, name, lines) {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`docs/guide/errors.md has lost its markers ${start} and ${end}`);
  }
  return `${text.slice(0, from + start.length)}\n${lines.join("\n")}\n${text.slice(to)}`;
}

const found = await texts();
const before = await readFile(page, "utf8");
const after = fill(fill(before, "codes", codes(found)), "reasons", reasons(found));
if (process.argv.includes("--check")) {
  if (after !== before) {
    console.error("docs/guide/errors.md is old: `cargo xtask fix` writes it anew");
    process.exit(1);
  }
} else {
  await writeFile(page, after);
}
