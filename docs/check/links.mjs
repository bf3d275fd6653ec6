// Checks what the pages refer to: node docs/check/links.mjs
//
// A link has to lead to a file that exists, and to a heading in it. A test that is named as in tests/conformance.tsv,
// `file::test` or `browser: title`, has to exist.

import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const problems = [];

async function filesOf(folder, ending) {
  const names = await readdir(join(root, folder), { recursive: true });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(root, folder, name));
}

/** What GitHub makes of a heading. */
function anchor(heading) {
  const kept = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
  return kept.trim().replaceAll(" ", "-");
}

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, "");

async function checkLinks(page, text) {
  for (const [, target] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) {
      continue;
    }
    const [path, heading] = target.split("#");
    const file = path ? resolve(dirname(page), path) : page;
    if (!(await stat(file).catch(() => undefined))) {
      problems.push(`${relative(root, page)}: ${target} leads to no file`);
    } else if (heading) {
      const headings = withoutCode(await readFile(file, "utf8")).matchAll(/^#+ (.+)$/gm);
      if (![...headings].some(([, words]) => anchor(words) === heading)) {
        problems.push(`${relative(root, page)}: ${target} leads to no heading`);
      }
    }
  }
}

async function sources(folder, ending) {
  const files = await filesOf(folder, ending);
  return Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")]));
}

const rust = [...(await sources("tests", ".rs")), ...(await sources("src", ".rs"))];
const browser = (await sources("tests/browser", ".mjs")).map(([, text]) => text).join("\n");

function checkTests(page, text) {
  for (const [, file, test] of text.matchAll(/`(\w+)::(\w+)`/g)) {
    const named = rust.filter(([path]) => path.endsWith(`/${file}.rs`));
    if (!named.some(([, text]) => text.includes(`fn ${test}(`))) {
      problems.push(`${relative(root, page)}: there is no test ${file}::${test}`);
    }
  }
  for (const [, title] of text.matchAll(/`browser: ([^`]+)`/g)) {
    if (!browser.includes(title)) {
      problems.push(`${relative(root, page)}: there is no browser test "${title}"`);
    }
  }
}

const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map((name) => join(root, name));
for (const page of [...pages, ...(await filesOf("docs", ".md"))]) {
  const text = await readFile(page, "utf8");
  await checkLinks(page, text);
  if (page.endsWith("SECURITY.md") || page.endsWith("correctness.md")) {
    checkTests(page, text);
  }
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
