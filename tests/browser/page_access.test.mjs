// @ts-check
// The page for those who cannot see it or use no mouse: everything has a name, everything is reached.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectTo, untilRow, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Unfolds what can be unfolded, so that all of it is looked at. @param {Page} page */
const unfoldAll = (page) =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });

/** What screen readers get: role and name of each node that can have the focus. @param {Page} page */
async function focusable(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  return nodes
    .filter(({ ignored, properties }) => {
      const focus = properties?.find(({ name }) => name === "focusable");
      return !ignored && focus?.value.value === true;
    })
    .map(({ role, name }) => ({ role: String(role?.value), name: String(name?.value ?? "") }));
}

/** @param {Page} page */
async function assertNamed(page) {
  const all = await focusable(page);
  assert.ok(all.length > 30, `${all.length} nodes`);
  assert.deepEqual(
    all.filter(({ role, name }) => name.trim() === "" && role !== "RootWebArea"),
    [],
  );
  const twice = await page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
  });
  assert.deepEqual(twice, []);
}

/** Texts whose contrast with what is behind them is below 4.5. @param {Page} page */
const faintTexts = (page) =>
  page.evaluate(() => {
    /** @param {string} colour */
    const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    /** @param {number[]} colour */
    const luminance = (colour) => {
      const [r = 0, g = 0, b = 0] = colour.map((value) => {
        const part = value / 255;
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    /** @param {Element} element */
    const behind = (element) => {
      for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        if (colour[3] !== 0) return colour.slice(0, 3);
      }
      return [255, 255, 255];
    };
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
      const hasText = [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim(),
      );
      const style = getComputedStyle(element);
      const disabled = element.matches(":disabled, :disabled *");
      if (!hasText || disabled || !element.checkVisibility()) continue;
      const one = luminance(channels(style.color).slice(0, 3));
      const other = luminance(behind(element));
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (contrast < 4.5) {
        found.push(`${element.className || element.tagName}: ${contrast.toFixed(2)}`);
      }
    }
    return [...new Set(found)];
  });

describe("the page without sight or mouse", () => {
  const test = useWww();

  test("whatever can have the focus has a name, connected and not", async ({ page }) => {
    await unfoldAll(page);
    await assertNamed(page);
    const server = await ScriptedServer.start();
    try {
      await page.getByTestId("sub-filter").fill("#");
      await page.getByTestId("sub-add").click();
      const serving = server.peer().then(async (peer) => {
        await peer.accept();
        await peer.grantSubscribe();
        peer.send({ cmd: "publish", topic: "a/b", payload: "21", qos: 0, retain: true });
      });
      await connectTo(page, server.url);
      await serving;
      await untilRow(page, "21");
      await page.getByTestId("message-row").click();
      await page.locator("#chart-legend canvas").first().waitFor();
      await unfoldAll(page);
      await assertNamed(page);
      for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await faintTexts(page), [], colorScheme);
      }
    } finally {
      await server.stop();
    }
  });

  test("a message goes out and is read with the keyboard alone", async ({ page }) => {
    const server = await ScriptedServer.start();
    try {
      const serving = server.peer().then(async (peer) => {
        await peer.accept();
        await peer.grantSubscribe();
        const { topic, payload } = await peer.expect("publish");
        peer.send({ cmd: "publish", topic, payload, qos: 0 });
      });
      /** Tabs to the element with this id. @param {string} id */
      const tabTo = async (id) => {
        for (let steps = 0; steps < 100; steps += 1) {
          if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
          await page.keyboard.press("Tab");
        }
        assert.fail(`${id} is not reached`);
      };
      await tabTo("url");
      await page.keyboard.press("Control+A");
      await page.keyboard.type(server.url);
      await page.keyboard.press("Enter");
      await page.locator("[data-testid=state][data-state=connected]").waitFor();
      await tabTo("sub-filter");
      await page.keyboard.type("#");
      await page.keyboard.press("Enter");
      await tabTo("pub-topic");
      await page.keyboard.type("k/b");
      await tabTo("pub-payload");
      await page.keyboard.type("typed");
      await page.keyboard.press("Control+Enter");
      await serving;
      await untilRow(page, "typed");
      await tabTo("messages");
      await page.keyboard.press("ArrowDown");
      await page.getByTestId("payload").filter({ hasText: "typed" }).waitFor();
      const status = await page.locator("#state-spoken").textContent();
      assert.equal(status, "Connected");
    } finally {
      await server.stop();
    }
  });
});
