// @ts-check
// The page as an application: it can be installed, opens without a network, and takes a new build when asked.

import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { endAll } from "./harness/ending.mjs";
import { removeFolder, temporaryFolder } from "./harness/folders.mjs";
import { launchChromium } from "./harness/lab.mjs";
import { END, START, TEST } from "./harness/patience.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { built, connectTo, Offences, serve, untilState } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** The worker has taken all files, and the page. @param {Page} page */
const untilKept = (page) => page.waitForFunction(() => navigator.serviceWorker.controller !== null);

describe("the page as an application", () => {
  /** @type {Awaited<ReturnType<typeof launchChromium>>} */
  let chromium;
  let folder = "";
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let site;

  before(
    async () => {
      folder = await temporaryFolder("www");
      await cp(built, folder, { recursive: true });
      site = await serve(folder);
      chromium = await launchChromium();
    },
    { timeout: START },
  );

  after(() => endAll([() => chromium?.end(), () => site?.close(), () => removeFolder(folder)]), {
    timeout: END,
  });

  test("can be installed, keeps its policy, and opens without a server", {
    timeout: TEST,
  }, async () => {
    const own = await serve(folder);
    const page = await chromium.browser.newPage();
    const offences = new Offences();
    offences.watch(page);
    await offences.watchPolicy(page);
    const broker = await ScriptedServer.start();
    try {
      await page.goto(own.origin);
      await untilKept(page);
      const session = await page.context().newCDPSession(page);
      const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
      assert.deepEqual(installabilityErrors, []);
      assert.deepEqual(offences.list, []);

      await own.close();
      await page.reload();
      await page.getByTestId("state").filter({ hasText: "Not connected" }).waitFor();
      const serving = broker.peer().then((peer) => peer.accept());
      await connectTo(page, broker.url);
      await serving;
      await page.getByTestId("disconnect").click();
      await untilState(page, "closed");
      // What is loaded only when it is needed is there, too.
      await page.getByTestId("language").selectOption("zh");
      await page.getByTestId("state").filter({ hasText: "未连接" }).waitFor();
      await page.getByTestId("language").selectOption("en");
      await page.getByTestId("state").filter({ hasText: "Not connected" }).waitFor();
    } finally {
      await broker.stop();
      await page.close();
    }
  });

  test("offers a new build, and takes it only when asked", { timeout: TEST }, async () => {
    const page = await chromium.browser.newPage();
    try {
      await page.goto(site.origin);
      await untilKept(page);
      await page.reload();
      await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
      assert.equal(await page.getByTestId("update").isVisible(), false);

      const html = await readFile(path.join(folder, "index.html"), "utf8");
      await writeFile(path.join(folder, "index.html"), html.replace("<title>", "<title>New: "));
      const worker = await readFile(path.join(folder, "service-worker.js"), "utf8");
      const next = worker.replace(/const BUILD = "[0-9a-f]{16}"/, 'const BUILD = "next"');
      assert.notEqual(next, worker);
      await writeFile(path.join(folder, "service-worker.js"), next);

      await page.reload();
      await page.getByTestId("update").waitFor();
      assert.doesNotMatch(await page.title(), /^New: /);
      await page.getByTestId("update-load").click();
      await page.waitForFunction(() => document.title.startsWith("New: "));
      assert.deepEqual(await page.evaluate(() => caches.keys()), ["webmqtt-next"]);
    } finally {
      await page.close();
    }
  });

  test("the worker keeps every file of the build but icons, and nothing that is not there", async () => {
    const worker = await readFile(path.join(built, "service-worker.js"), "utf8");
    const [, list = ""] = /const FILES = \[(.*?)\];/s.exec(worker) ?? [];
    const files = [...list.matchAll(/"\.\/([^"]*)"/g)].map(([, name]) => name || "index.html");
    for (const name of files) await readFile(path.join(built, name ?? ""));
    for (const name of ["app.js", "style.css", "webmqtt_bg.wasm", "index.html"]) {
      assert.ok(files.includes(name), name);
    }
    const html = await readFile(path.join(built, "index.html"), "utf8");
    for (const [, name = ""] of html.matchAll(/modulepreload" href="\.\/([^"]+)"/g)) {
      assert.ok(files.includes(name), name);
    }
  });
});
