// @ts-check
// Who follows the README gets a message through: its pages are taken from it, and only the broker's address is put in.

import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { build as vite } from "vite";
import { output, root } from "./harness/consumer.mjs";
import { serveFolder } from "./harness/folder_server.mjs";
import { useWorkbench } from "./harness/workbench.mjs";

/** As Vite's template `vanilla-ts` has them. */
const TEMPLATE = {
  "index.html":
    '<!doctype html><div id="app"></div><script type="module" src="/src/main.ts"></script>',
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "es2023",
      module: "esnext",
      lib: ["ES2023", "DOM"],
      types: [],
      skipLibCheck: true,
      moduleResolution: "bundler",
      allowImportingTsExtensions: true,
      verbatimModuleSyntax: true,
      moduleDetection: "force",
      noEmit: true,
      strict: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
      erasableSyntaxOnly: true,
    },
    include: ["src"],
  }),
};

describe("following the README", { timeout: 600_000 }, () => {
  const bench = useWorkbench();

  /** Its block in this language that greets. @param {string} language */
  async function greeting(language) {
    const text = await readFile(path.join(root, "README.md"), "utf8");
    const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))];
    const [code = ""] = blocks.flatMap(([, code]) => (code?.includes("Hello") ? [code] : []));
    assert.ok(code, `the README greets nobody in ${language}`);
    assert.ok(code.trim().split("\n").length <= 10, "it is more than ten lines");
    assert.match(code, /"ws:[^"]+"/);
    return code.replace(/"ws:[^"]+"/, JSON.stringify(bench.broker.url));
  }

  /** @param {string} folder */
  async function greets(folder) {
    const site = await serveFolder(folder);
    const page = await bench.browser.newPage();
    try {
      await page.goto(`${site.origin}/`);
      // Text of the page, not of the script in it.
      await page.waitForFunction(() =>
        [...document.body.childNodes].some(
          ({ nodeName, nodeValue }) => nodeName === "#text" && nodeValue?.includes("Hello, world"),
        ),
      );
    } finally {
      await page.close();
      await site.close();
    }
  }

  test("with a page without tools", async () => {
    const folder = bench.consumer.path("plain");
    await mkdir(path.join(folder, "webmqtt"), { recursive: true });
    await cp(bench.consumer.packaged("dist"), path.join(folder, "webmqtt/dist"), {
      recursive: true,
    });
    await writeFile(path.join(folder, "index.html"), await greeting("html"));
    await greets(folder);
  });

  test("with Vite and TypeScript", async () => {
    const folder = bench.consumer.path("panel");
    await mkdir(path.join(folder, "src"), { recursive: true });
    for (const [name, text] of Object.entries(TEMPLATE)) {
      await writeFile(path.join(folder, name), text);
    }
    await writeFile(path.join(folder, "src/main.ts"), await greeting("ts"));
    await output([path.join(root, "node_modules/.bin/tsc")], folder);
    await vite({ root: folder, configFile: false, logLevel: "error" });
    await greets(path.join(folder, "dist"));
  });
});
