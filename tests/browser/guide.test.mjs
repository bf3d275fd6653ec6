// @ts-check
// Examples of the README and the guide, run as they stand: only the broker's address is put in, and the package's path where
// import maps do not reach.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { useBroker, whyNoBroker } from "./harness/broker.mjs";
import { useLab } from "./harness/lab.mjs";
import { TEST } from "./harness/patience.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { serveExample } from "./harness/site.mjs";
import { uniqueName, Witness } from "./harness/witness.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/**
 * The code blocks of a page in one language.
 * @param {string} page @param {string} language
 */
async function blocks(page, language) {
  const text = await readFile(path.join(root, page), "utf8");
  const found = text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"));
  return [...found].map(([, code]) => String(code));
}

/** With the address of a server. @param {string} address @param {string} code */
function at(address, code) {
  const url = /\bwss?:\/\/[^"]+/;
  assert.match(code, url);
  return code.replace(url, address);
}

/** The next words that the page logs. @param {import("playwright-core").Page} page */
const logged = (page) => page.waitForEvent("console", (message) => message.type() === "log");

/** The first block that has these words. @param {string} page @param {string} language @param {string} words */
async function block(page, language, words) {
  const found = (await blocks(page, language)).find((code) => code.includes(words));
  assert.ok(found, `${page} has no ${language} example with ${words}`);
  return found;
}

const missing = await whyNoBroker("embedded");

describe("examples of the guide", { skip: missing ?? false }, () => {
  const lab = useLab();
  const broker = useBroker("embedded");

  /** With the address of the broker. @param {string} code */
  const here = (code) => at(broker().url, code);

  /** With the path of the package. @param {string} code */
  const byPath = (code) => code.replace('"webmqtt"', '"./webmqtt/dist/index.js"');

  /**
   * A test with a page of its own and these files for it, of which `index.html` is shown.
   * @param {string} name
   * @param {() => Promise<Record<string, string>>} files
   * @param {(page: import("playwright-core").Page) => Promise<void>} body
   */
  function example(name, files, body) {
    test(name, { timeout: TEST }, async () => {
      const site = await serveExample({
        "index.html": "<!doctype html><pre></pre>",
        ...(await files()),
      });
      const page = await lab.blank();
      /** @type {string[]} */
      const exceptions = [];
      page.on("pageerror", (error) => exceptions.push(String(error)));
      try {
        await page.goto(`${site.origin}/index.html`);
        await body(page);
        assert.deepEqual(exceptions, []);
      } finally {
        await page.close();
        await site.close();
      }
    });
  }

  /** Runs a module of the page. @param {import("playwright-core").Page} page @param {string} address */
  const run = (page, address) =>
    page.evaluate((address) => import(/** @type {any} */ (address)), address);

  example(
    "the first example of the README sends a message and gets it",
    async () => ({ "example.js": byPath(here(await block("README.md", "js", "await connect("))) }),
    async (page) => {
      const said = logged(page);
      await run(page, "/example.js");
      assert.equal((await said).text(), "home/kitchen/temp 21.5");
    },
  );

  example(
    "a request of the README gets its response",
    async () => {
      const request = await block("README.md", "js", "client.request(");
      const before = `import { connect } from "webmqtt"; const client = await connect("${broker().url}");`;
      return { "example.js": byPath(before) + request };
    },
    async (page) => {
      const said = logged(page);
      await run(page, "/example.js");
      assert.equal((await said).text(), "144");
    },
  );

  example(
    "the page without tools shows what is published",
    async () => ({
      "index.html": here(await block("docs/guide/getting-started.md", "html", "importmap")),
    }),
    async (page) => {
      await page.locator("#state", { hasText: "connected" }).waitFor();
      const witness = await Witness.connect(broker().url, { version: 5 });
      const topic = `demo/${uniqueName("guide")}`;
      await witness.publish(topic, "hot", { qos: 1, retain: true });
      await page.locator("li", { hasText: `${topic}: hot` }).waitFor();
      await witness.publish(topic, "", { qos: 1, retain: true });
      await witness.end();
    },
  );

  test("a worker goes and comes back with its page", { timeout: TEST }, async () => {
    const server = await ScriptedServer.start();
    const code = byPath(at(server.url, await block("docs/guide/workers.md", "js", "suspend()")));
    const site = await serveExample({ "index.html": "", "mqtt-worker.js": code });
    const page = await lab.blank();
    try {
      await page.goto(`${site.origin}/index.html`);
      const first = server.peer();
      await page.evaluate(() => {
        globalThis.worker = new Worker("mqtt-worker.js", { type: "module" });
      });
      const peer = await first;
      await peer.accept();
      await peer.grantSubscribe();
      await page.evaluate(() => globalThis.worker.postMessage({ kind: "suspend" }));
      await peer.expect("disconnect");
      await peer.expectClose();
      const next = server.peer();
      await page.evaluate(() => globalThis.worker.postMessage({ kind: "wake" }));
      await (await next).accept();
    } finally {
      await page.close();
      await site.close();
      await server.stop();
    }
  });

  for (const [title, file] of /** @type {const} */ ([
    ["a worker", "mqtt-worker.js"],
    ["a shared worker", "mqtt-shared-worker.js"],
  ])) {
    example(
      `${title} holds the connection, and the page talks to it`,
      async () => {
        const all = await blocks("docs/guide/workers.md", "js");
        const at = all.findIndex((code) => code.includes(`"./${file}"`));
        const [inWorker = "", inPage = ""] = all.slice(at - 1, at + 1);
        const show = "globalThis.show = (text) => document.querySelector('pre').append(text);\n";
        return { "page.js": show + inPage, [file]: byPath(here(inWorker)) };
      },
      async (page) => {
        await run(page, "/page.js");
        await page.locator("pre", { hasText: "home/kitchen/temp: 21.5" }).waitFor();
      },
    );
  }
});
