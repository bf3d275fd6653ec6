// @ts-check
// The dashboard of examples/yew as it is built by `cargo xtask test --only examples`: connect, values, publish, come back.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Broker } from "./harness/broker.mjs";
import { endAll } from "./harness/ending.mjs";
import { launchChromium } from "./harness/lab.mjs";
import { startAll } from "./harness/launching.mjs";
import { END, START, TEST } from "./harness/patience.mjs";
import { serveExample } from "./harness/site.mjs";
import { uniqueName } from "./harness/witness.mjs";

const FOLDER = path.join(process.env.WEBMQTT_ROOT ?? ".", "target/xtask/examples/yew");

const PAGE = `<!doctype html><meta charset="utf-8"><title>dashboard</title>
<script type="module">import init from "./dashboard.js"; await init();</script>`;

describe("the dashboard with Yew", () => {
  /** @type {Broker} */
  let broker;
  /** @type {Awaited<ReturnType<typeof launchChromium>>} */
  let chromium;
  /** @type {Awaited<ReturnType<typeof serveExample>>} */
  let site;
  let glue = "";

  before(
    async () => {
      glue = await readFile(path.join(FOLDER, "dashboard.js"), "utf8");
      const files = {
        "": PAGE,
        "index.html": PAGE,
        "dashboard.js": glue,
        "dashboard_bg.wasm": await readFile(path.join(FOLDER, "dashboard_bg.wasm")),
      };
      await startAll([
        async () => {
          chromium = await launchChromium();
        },
        async () => {
          broker = await Broker.start("embedded");
        },
        async () => {
          site = await serveExample(files);
        },
      ]);
    },
    { timeout: START },
  );

  after(() => endAll([() => chromium?.end(), () => broker?.stop(), () => site?.close()]), {
    timeout: END,
  });

  async function openPage() {
    const page = await chromium.browser.newPage();
    await page.goto(`${site.origin}/index.html`);
    return page;
  }

  test("connects, shows a value that it has published, and comes back when the broker does", async () => {
    const page = await openPage();
    await page.fill("input[name=url]", broker.url);
    await page.click("text=Connect");
    await page.locator("output", { hasText: "Connected" }).waitFor();
    const topic = uniqueName("yew");
    await page.fill("input[name=topic]", topic);
    for (const value of ["21.5", "22"]) {
      await page.fill("input[name=payload]", value);
      await page.click("text=Publish");
      await page.locator("tr", { hasText: topic }).locator("td", { hasText: value }).waitFor();
    }
    await broker.kill();
    await page.locator("output", { hasNotText: "Connected" }).waitFor();
    await broker.revive();
    // It waits longer before each attempt.
    await page.locator("output", { hasText: "Connected" }).waitFor({ timeout: TEST });
    await page.fill("input[name=payload]", "after");
    await page.click("text=Publish");
    await page.locator("td", { hasText: "after" }).waitFor();
    await page.close();
  });

  test("says what happened and what to do when nobody is there", async () => {
    const page = await openPage();
    await page.fill("input[name=url]", "ws://127.0.0.1:1/mqtt");
    await page.click("text=Connect");
    const words = await page.locator("[role=alert]").textContent();
    assert.match(String(words), /^The WebSocket could not be opened.*\[unreachable\]$/);
    await page.close();
  });

  test("has nothing of the npm package's engine in it", () => {
    assert.match(glue, /WebSocket/, "it is the right file");
    assert.doesNotMatch(glue, /\bEngine\b|checkTopic|preparationFailed/);
  });
});
