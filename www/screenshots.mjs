// Pictures of the page's main views, as `cargo xtask screenshots` takes them for the documents:
//   node www/screenshots.mjs --page http://127.0.0.1:8080/ --out docs
// The page is that of the demo, which connects by itself.

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values } = parseArgs({
  options: { page: { type: "string" }, out: { type: "string", default: "docs" } },
});
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
    console.log(path);
    await context.close();
  }
} finally {
  await browser.close();
}
