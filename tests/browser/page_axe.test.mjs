// @ts-check
// axe looks at every main view of the page, in both colour schemes, both languages, and as wide as a phone: it finds
// nothing serious.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe } from "node:test";
import { Broker } from "./harness/broker.mjs";
import { connectTo, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

const source = await readFile(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** What axe finds. @param {Page} page */
async function findings(page) {
  // Not as a script of the page, whose policy would forbid it.
  await page.evaluate(source);
  return page.evaluate(async () => {
    const { axe } = /** @type {any} */ (globalThis);
    const { violations, passes } = await axe.run(document, {
      resultTypes: ["violations"],
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    });
    return {
      passed: passes.length,
      violations: violations.map((/** @type {any} */ each) => ({
        id: each.id,
        impact: each.impact,
        nodes: each.nodes.slice(0, 3).map((/** @type {any} */ node) => node.html.slice(0, 160)),
      })),
    };
  });
}

/** @param {Page} page @param {string} view */
async function assertSound(page, view) {
  const found = await findings(page);
  assert.ok(found.passed > 10, `${view}: axe looked at ${found.passed} rules`);
  assert.deepEqual(found.violations, [], view);
}

/** @param {Page} page */
const unfoldAll = (page) =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });

describe("axe finds nothing", () => {
  const test = useWww();

  test("unless there is something", async ({ page }) => {
    await page.evaluate(() => document.querySelector("label[for=search]")?.remove());
    await page.evaluate(() => {
      const search = /** @type {HTMLInputElement} */ (document.getElementById("search"));
      search.placeholder = "";
    });
    const { violations } = await findings(page);
    assert.deepEqual(
      violations.map((/** @type {{ id: string }} */ { id }) => id),
      ["label"],
    );
  });

  for (const [name, width, colorScheme, language] of /** @type {const} */ ([
    ["light and wide", 1440, "light", "en"],
    ["dark and narrow", 390, "dark", "en"],
    ["in Chinese", 1000, "light", "zh"],
  ])) {
    test(`in any view, ${name}`, async ({ page, offences }) => {
      const broker = await Broker.start("embedded");
      try {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.getByTestId("language").selectOption(language);
        await page.locator(`html[lang=${language}]`).waitFor({ state: "attached" });
        await page.getByTestId("state").waitFor();
        await assertSound(page, "not connected");
        await unfoldAll(page);
        await assertSound(page, "unfolded");
        await page.getByTestId("pub-payload").fill('{"a": 1, "b" "c"}');
        await page.getByTestId("pub-format").selectOption("json");
        await page.locator("#pub-editor .cm-lintRange-error").waitFor();
        await assertSound(page, "the editor of JSON");
        await page.getByTestId("pub-format").selectOption("text");
        await page.getByTestId("sub-filter").fill("a/#");
        await page.getByTestId("sub-add").click();
        await connectTo(page, broker.url);
        for (const payload of ["21", '{"a": {"b": 1}}']) {
          await page.getByTestId("pub-topic").fill("a/b");
          await page.getByTestId("pub-payload").fill(payload);
          await page.getByTestId("pub-send").click();
          await page.getByTestId("message-row").filter({ hasText: payload }).first().waitFor();
        }
        await page.getByTestId("message-row").first().click();
        await page.locator("#chart-legend canvas").first().waitFor();
        await assertSound(page, "connected, with a message in detail");
        await page.getByTestId("view-topics").click();
        await page.getByTestId("topic-row").last().click();
        await assertSound(page, "the tree of topics");
        await page.getByTestId("packets-open").click();
        await page.getByTestId("packet").filter({ hasText: "CONNACK" }).first().click();
        await assertSound(page, "the packets");
        await page.getByTestId("view-session").check();
        await page.getByTestId("session-subscriptions").filter({ hasText: "a/#" }).waitFor();
        await assertSound(page, "the session");
        await page.getByTestId("packets-close").click();
        await page.getByTestId("chart-traffic").click();
        await page.getByTestId("broker-test").click();
        await page.getByTestId("finding").nth(3).waitFor();
        await page.getByTestId("test-stop").click();
        await page.getByTestId("test-json").waitFor();
        await assertSound(page, "the test of the broker");
        await page.getByTestId("test-close").click();
        await page.getByTestId("profile-new").click();
        await page.getByTestId("tab").nth(1).waitFor();
        await assertSound(page, "several connections");
        await page.getByTestId("url").fill(broker.url);
        await page.getByTestId("ask-password").check();
        await page.getByTestId("connect").click();
        await page.getByTestId("ask").waitFor();
        await assertSound(page, "a question for a password");
        await page.getByTestId("ask-stop").click();
        await page.getByTestId("tab").first().click();
        await page.getByTestId("disconnect").click();
        // What was under way when the test of the broker was stopped.
        offences.list = offences.list.filter((text) => !/WebSocket connection to/.test(text));
      } finally {
        await broker.stop();
      }
    });
  }
});
