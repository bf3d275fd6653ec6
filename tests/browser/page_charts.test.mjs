// @ts-check
// The page's charts: any number becomes a line by one click, lines stand still and are zoomed into, and the connection
// has lines of its own.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { connectTo, untilRow, useWww, withWitness } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./harness/witness.mjs").Witness} Witness */

/** @param {Page} page @param {string} filter */
async function subscribe(page, filter) {
  await page.getByTestId("sub-filter").fill(filter);
  await page.getByTestId("sub-add").click();
  await page.locator(".sub", { hasText: "granted" }).first().waitFor();
}

/** @param {Page} page @param {string} name */
const tile = (page, name) => page.locator(`#chart-legend [data-series="${name}"]`);

/** The pixels of the first chart. @param {Page} page */
const picture = (page) =>
  page.evaluate(
    () =>
      document.querySelector("#chart-legend canvas, #chart-overlay canvas") &&
      /** @type {HTMLCanvasElement} */ (document.querySelector("#chart canvas")).toDataURL(),
  );

/** Lets time go by in the page. @param {Page} page @param {number} milliseconds */
const pass = (page, milliseconds) =>
  page.evaluate((span) => new Promise((resolve) => setTimeout(resolve, span)), milliseconds);

/** Waits for the frames in which charts are drawn that stand still from now on. @param {Page} page */
const frames = (page) =>
  page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  });

/** Waits until the first chart looks otherwise. @param {Page} page @param {unknown} before */
async function untilOther(page, before) {
  while ((await picture(page)) === before) await frames(page);
}

describe("the page's charts", () => {
  const test = useWww();

  /** With a subscription to the topic. @param {Page} page @param {(witness: Witness, topic: string) => Promise<void>} body */
  const subscribed = (page, body) =>
    withWitness(page, async (witness, topic, url) => {
      await connectTo(page, url);
      await subscribe(page, `${topic}/#`);
      await body(witness, topic);
      await page.getByTestId("disconnect").click();
    });

  test("a number deep in JSON becomes a line by one click, with what came before", async ({
    page,
  }) => {
    await subscribed(page, async (witness, topic) => {
      const deep = (/** @type {number} */ value) =>
        JSON.stringify({ a: { b: { c: [{ d: { value } }] } }, name: "pump" });
      await witness.publish(`${topic}/deep`, deep(3));
      await untilRow(page, '"value":3');
      await pass(page, 150);
      await witness.publish(`${topic}/deep`, deep(7));
      await untilRow(page, '"value":7');
      assert.equal(await page.locator("#chart-legend li").count(), 0);
      await page.getByTestId("message-row").first().click();
      await page.getByTestId("draw").filter({ hasText: "a.b.c.0.d.value" }).click();
      const line = tile(page, `${topic}/deep a.b.c.0.d.value`);
      await line.locator("canvas").waitFor();
      await line.locator(".series-last", { hasText: /^7$/ }).waitFor();
      // The first value is where the pointer at the left edge finds it.
      await line.locator(".u-over").hover({ position: { x: 2, y: 20 } });
      await line.locator(".series-last", { hasText: /^3$/ }).waitFor();
      await witness.publish(`${topic}/deep`, deep(11));
      await page.mouse.move(0, 0);
      await line.locator(".series-last", { hasText: /^11$/ }).waitFor();
    });
  });

  test("when all places are taken, the chosen number takes the first one", async ({ page }) => {
    await subscribed(page, async (witness, topic) => {
      for (let number = 0; number < 9; number += 1) {
        await witness.publish(`${topic}/${number}`, String(number));
      }
      await untilRow(page, "8");
      await page.locator("#chart-off li").waitFor();
      assert.equal(await page.locator("#chart-legend li").count(), 8);
      await page.getByTestId("message-row").first().click();
      await page.getByTestId("draw").click();
      await tile(page, `${topic}/8`).locator("canvas").waitFor();
      assert.equal(await tile(page, `${topic}/0`).count(), 0);
      assert.equal(await page.locator("#chart-legend li").count(), 8);
    });
  });

  test("charts stand still, zoom by dragging, and go on", async ({ page }) => {
    await subscribed(page, async (witness, topic) => {
      let value = 0;
      const publish = setInterval(() => {
        value += 1;
        witness.publish(`${topic}/a`, String(value)).catch(() => {});
      }, 50);
      try {
        const plot = tile(page, `${topic}/a`).locator(".u-over");
        await plot.waitFor();
        const pause = page.getByTestId("chart-pause");
        await pause.click();
        await frames(page);
        const still = await picture(page);
        await pass(page, 700);
        assert.equal(await picture(page), still);
        await page.getByTestId("chart-in").click();
        await untilOther(page, still);
        await pause.click();
        assert.equal(await pause.getAttribute("aria-pressed"), "false");
        await untilOther(page, await picture(page));

        const box = await plot.boundingBox();
        assert.ok(box);
        await page.mouse.move(box.x + box.width / 2, box.y + 20);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width - 10, box.y + 20, { steps: 5 });
        await page.mouse.up();
        await page.locator("[data-testid=chart-pause][aria-pressed=true]").waitFor();
        await plot.dblclick();
        await page.locator("[data-testid=chart-pause][aria-pressed=false]").waitFor();
      } finally {
        clearInterval(publish);
      }
    });
  });

  test("several series lie over each other", async ({ page }) => {
    await subscribed(page, async (witness, topic) => {
      await witness.publish(`${topic}/a`, '{"x": 1, "y": 2}');
      await tile(page, `${topic}/a y`).locator("canvas").waitFor();
      await page.getByRole("radio", { name: "Overlay" }).click();
      await page.locator("#chart-overlay canvas").waitFor();
      assert.equal(await page.locator("#chart-legend canvas").count(), 0);
      assert.equal(await page.locator("#chart-overlay .u-cursor-pt").count(), 2);
    });
  });

  test("the connection's traffic is drawn: messages, bytes, acknowledgements, pings", async ({
    page,
  }) => {
    await page.getByTestId("keepalive").fill("1");
    await subscribed(page, async (witness, topic) => {
      await page.getByTestId("chart-traffic").click();
      const publish = setInterval(() => witness.publish(`${topic}/a`, "text").catch(() => {}), 20);
      try {
        for (const name of ["Received", "Bytes in", "Bytes out"]) {
          await tile(page, `${name} per second`)
            .locator(".series-last", { hasText: /[1-9]/ })
            .waitFor();
        }
      } finally {
        clearInterval(publish);
      }
      await page.getByTestId("pub-topic").fill(`${topic}/b`);
      await page.getByTestId("pub-qos").selectOption("1");
      const acknowledged = tile(page, "Acknowledged after (ms)").locator("canvas");
      // With a keep-alive of a second the connection may be lost on a busy machine, just when this is sent.
      while (!(await acknowledged.isVisible())) {
        await page.getByTestId("pub-send").click();
        await pass(page, 300);
      }
      await tile(page, "Ping answered after (ms)").locator("canvas").waitFor();
    });
  });
});
