// Pictures of the page's main views, as `cargo xtask screenshots` takes them for the documents:
//   node www/screenshots.mjs --page http://127.0.0.1:8080/ --out docs
// The page is that of the demo, which connects by itself. Where pngquant is installed, the files are a third as large.

import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { chromium } from "playwright-core";

const { values } = parseArgs({
  options: { page: { type: "string" }, out: { type: "string", default: "docs" } },
});
const run = promisify(execFile);
const PATIENCE = 30_000;
/** Messages that make a curve. */
const ENOUGH = 90;
const WIDE = { width: 1280, height: 840 };
const PHONE = { width: 390, height: 844 };

/** @typedef {import("playwright-core").Page} Page */

/** Waits until there is something to see. @param {Page} page */
async function alive(page) {
  await page.locator("[data-testid=state][data-state=connected]").waitFor();
  await page.waitForFunction(
    (enough) => Number(document.getElementById("meter-received")?.textContent) >= enough,
    ENOUGH,
  );
}

/** What waits for its acknowledgement, and what has to wait for that. @param {Page} page */
async function publishSome(page) {
  for (const [topic, payload, qos] of [
    ["demo/lamp/set", "on", "1"],
    ["demo/lamp/colour", "#ffcc88", "2"],
    ["demo/blinds/set", "50", "1"],
  ]) {
    await page.getByTestId("pub-topic").fill(topic);
    await page.getByTestId("pub-payload").fill(payload);
    await page.getByTestId("pub-qos").selectOption(qos);
    await page.getByTestId("pub-payload").press("Control+Enter");
  }
}

/** Each view: its file, what the browser is like, and what is clicked before the picture is taken. */
const VIEWS = [
  {
    name: "demo",
    options: { viewport: WIDE },
    /** @param {Page} page */
    async prepare(page) {
      await page.getByTestId("message-row").filter({ hasText: "watts" }).first().click();
      await page.getByTestId("draw").first().waitFor();
      await page.mouse.move(0, 0);
    },
  },
  {
    name: "page-dark",
    options: { viewport: WIDE, colorScheme: /** @type {const} */ ("dark") },
    /** @param {Page} page */
    async prepare(page) {
      await page.getByTestId("view-topics").check();
      await page.locator('.topic-row[data-topic="demo/power/house"]').click();
      await page.getByTestId("changes").scrollIntoViewIfNeeded();
    },
  },
  {
    name: "page-broker-test",
    /** Only this part of the page. */
    part: "test-dialog",
    options: { viewport: WIDE },
    /** @param {Page} page */
    async prepare(page) {
      await page.getByTestId("broker-test").click();
      await page.getByTestId("test-json").waitFor({ timeout: 2 * PATIENCE });
    },
  },
  {
    name: "page-traffic",
    options: { viewport: WIDE },
    /** @param {Page} page */
    async prepare(page) {
      await page.getByTestId("pub-topic").fill("demo/lamp/set");
      await page.getByTestId("pub-qos").selectOption("1");
      await page.locator("#pub-repetition summary").click();
      await page.getByTestId("pub-interval").fill("300");
      await page.getByTestId("pub-repeat").click();
      await page.getByTestId("chart-traffic").check();
      await page.waitForTimeout(8_000);
    },
  },
  {
    name: "page-session",
    options: { viewport: WIDE },
    /** @param {Page} page */
    async prepare(page) {
      await page.getByTestId("network-slow").click();
      await page.getByTestId("network-delay").fill("4000");
      await page.getByTestId("network-delay").press("Tab");
      await publishSome(page);
      await page.getByTestId("packets-open").click();
      await page.getByTestId("view-session").check();
      await page.getByTestId("session-in-flight").filter({ hasText: "(3)" }).waitFor();
      await page.evaluate(() => scrollTo(0, 0));
      await page.mouse.move(0, 0);
    },
  },
  {
    name: "page-packets",
    options: { viewport: WIDE, colorScheme: /** @type {const} */ ("dark") },
    /** @param {Page} page */
    async prepare(page) {
      await publishSome(page);
      await page.getByTestId("packets-open").click();
      await page.getByTestId("packet").filter({ hasText: "CONNACK" }).first().click();
    },
  },
  {
    name: "page-chinese",
    options: { viewport: WIDE, locale: "zh-CN" },
    /** With a second connection beside the first. @param {Page} page */
    async prepare(page) {
      const url = String(await page.locator("#link-url").textContent());
      await page.getByTestId("profile-new").click();
      await page.getByTestId("name").fill("温室");
      await page.getByTestId("url").fill(url);
      await page.getByTestId("sub-filter").fill("demo/greenhouse/#");
      await page.getByTestId("sub-add").click();
      await page.getByTestId("connect").click();
      await page.locator("[data-testid=state][data-state=connected]").waitFor();
      await page.getByTestId("message-row").nth(9).waitFor();
      await page.getByTestId("tab").first().click();
      await page.getByTestId("message-row").filter({ hasText: "watts" }).first().click();
      await page.mouse.move(0, 0);
    },
  },
  {
    name: "page-phone",
    options: { viewport: PHONE, hasTouch: true, isMobile: true },
    /** @param {Page} page */
    async prepare(page) {
      await page.locator("#values-title").scrollIntoViewIfNeeded();
      await page.evaluate(() => document.getElementById("values-title")?.scrollIntoView());
      // The scrolling is smooth.
      await page.waitForTimeout(1_000);
    },
  },
];

const browser = await chromium.launch({
  executablePath: process.env.WEBMQTT_CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  for (const { name, part, options, prepare } of VIEWS) {
    const context = await browser.newContext({ locale: "en", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.goto(String(values.page));
    await alive(page);
    await prepare(page);
    const path = join(resolve(values.out), `${name}.png`);
    await (part ? page.getByTestId(part) : page).screenshot({ path });
    await run("pngquant", ["--force", "--ext=.png", "--quality=60-95", "--speed=1", path]).catch(
      (error) => console.log(`${path} is as large as it was: ${error.message}`),
    );
    console.log(path);
    await context.close();
  }
} finally {
  await browser.close();
}
