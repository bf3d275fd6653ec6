// @ts-check
// The demo as a newcomer meets it: one command, then the page connects, draws values, publishes.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { endAll } from "./harness/ending.mjs";
import { launchChromium } from "./harness/lab.mjs";
import { startAll } from "./harness/launching.mjs";
import { ARRIVAL, END, START, TEST } from "./harness/patience.mjs";
import { uniqueName } from "./harness/witness.mjs";
import { Offences, untilRow, untilState } from "./harness/www_lab.mjs";
import { XtaskServer } from "./harness/xtask.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** It may build first what it shows. */
const START_PATIENCE = START - 50_000;
/** Pixels that axes alone do not need. */
const ENOUGH_INK = 2_000;
/** @type {[width: number, height: number][]} */
const SCREENS = [
  [360, 740],
  [768, 1024],
  [1280, 900],
  [1920, 1080],
];

/**
 * How much the chart's canvases show: drawn pixels, and colours of which at least some pixels are.
 * @param {Page} page
 */
function chartInk(page) {
  return page.evaluate(() => {
    const chart = document.querySelector("[data-testid=chart]");
    let ink = 0;
    let colours = 0;
    for (const canvas of chart?.querySelectorAll("canvas") ?? []) {
      if (canvas.width === 0 || canvas.height === 0) continue;
      const all = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height);
      /** @type {Map<number, number>} */
      const counts = new Map();
      for (const pixel of new Uint32Array(all?.data.buffer ?? new ArrayBuffer(0))) {
        counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
      }
      ink += canvas.width * canvas.height - Math.max(...counts.values());
      colours += [...counts.values()].filter((count) => count > 20).length - 1;
    }
    return { ink, colours };
  });
}

describe("cargo xtask demo", () => {
  /** @type {XtaskServer} */
  let demo;
  /** @type {Awaited<ReturnType<typeof launchChromium>>} */
  let chromium;
  let address = "";

  before(
    async () => {
      await startAll([
        async () => {
          chromium = await launchChromium();
        },
        async () => {
          const args = ["demo", "--port", "0", "--broker-port", "0"];
          demo = await XtaskServer.start(args, START_PATIENCE);
        },
      ]);
      address = String(demo.ready[0]);
    },
    { timeout: START },
  );

  after(() => endAll([() => chromium?.end(), () => demo?.stop()]), { timeout: END });

  /** @param {(page: Page) => Promise<void>} body */
  const withDemo = (body) => async () => {
    const page = await chromium.browser.newPage();
    const offences = new Offences();
    offences.watch(page);
    try {
      await offences.watchPolicy(page);
      await page.goto(address);
      await body(page);
      assert.deepEqual(offences.list, []);
    } finally {
      await page.close();
    }
  };

  /** The page connects by itself. @param {Page} page */
  const connected = (page) => untilState(page, "connected");

  test(
    "the page connects, sensor values arrive and are drawn",
    { timeout: TEST },
    withDemo(async (page) => {
      await connected(page);
      assert.match(String(await page.getByTestId("state").textContent()), /connected/i);
      await page.waitForFunction(
        () => document.querySelectorAll("[data-testid=message-row]").length >= 5,
      );
      await page.waitForFunction(
        () => document.querySelector("[data-testid=chart-legend]")?.childElementCount,
      );
      const deadline = performance.now() + ARRIVAL;
      let drawn = await chartInk(page);
      const isDrawn = () => drawn.ink >= ENOUGH_INK && drawn.colours >= 2;
      while (!isDrawn() && performance.now() < deadline) {
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
        drawn = await chartInk(page);
      }
      assert.ok(drawn.ink >= ENOUGH_INK, `the chart shows ${drawn.ink} drawn pixels`);
      assert.ok(drawn.colours >= 2, `the chart shows ${drawn.colours} colours`);
      const screenshot = process.env.WEBMQTT_SCREENSHOT;
      if (screenshot) {
        // A picture says more with a curve on it: wait for messages, not for time.
        await page.waitForFunction(
          () => Number(document.getElementById("meter-received")?.textContent) >= 120,
          undefined,
          { timeout: TEST },
        );
        await page.setViewportSize({ width: 1280, height: 900 });
        await page.screenshot({ path: screenshot });
      }
    }),
  );

  test(
    "no chart is cut and nothing is wider than the window, from a phone to a wide screen",
    { timeout: TEST },
    withDemo(async (page) => {
      await connected(page);
      await page.waitForFunction(
        () => document.querySelectorAll("[data-testid=chart-legend] canvas").length >= 6,
      );
      for (const [width, height] of SCREENS) {
        await page.setViewportSize({ width, height });
        // Charts take their new size in the frames after.
        await page.waitForFunction(() => {
          const box = document.querySelector("[data-testid=chart]")?.getBoundingClientRect();
          const canvases = [...document.querySelectorAll("[data-testid=chart-legend] canvas")];
          return canvases.every((canvas) => {
            const { right, bottom, height } = canvas.getBoundingClientRect();
            return box && height >= 40 && right <= box.right && bottom <= box.bottom;
          });
        });
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wider <= 0, `${wider} pixels wider than ${width}`);
      }
    }),
  );

  test(
    "what the form publishes comes back as a message",
    { timeout: TEST },
    withDemo(async (page) => {
      await connected(page);
      const topic = uniqueName("mine");
      await page.getByTestId("sub-filter").fill(`${topic}/#`);
      await page.getByTestId("sub-qos").selectOption("1");
      await page.getByTestId("sub-add").click();
      await page.getByTestId("sub-list").getByText(`${topic}/#`).first().waitFor();
      // What the sensors send does not push it out of sight.
      await page.getByTestId("search").fill("hello with");
      for (const qos of ["0", "1", "2"]) {
        await page.getByTestId("pub-topic").fill(`${topic}/${qos}`);
        await page.getByTestId("pub-payload").fill(`hello with QoS ${qos}`);
        await page.getByTestId("pub-qos").selectOption(qos);
        await page.getByTestId("pub-send").click();
        await untilRow(page, `hello with QoS ${qos}`);
      }
      await page.getByTestId("pub-topic").fill(`${topic}/+`);
      await page.getByTestId("pub-send").click();
      await page
        .getByTestId("pub-result")
        .filter({ hasText: /wildcard/i })
        .waitFor();
      await untilState(page, "connected");
    }),
  );

  test(
    "it disconnects on request and connects again, with MQTT 3.1.1 this time",
    { timeout: TEST },
    withDemo(async (page) => {
      await connected(page);
      await untilRow(page, "");
      await page.getByTestId("disconnect").click();
      await page.locator("[data-testid=state]:not([data-state=connected])").waitFor();
      await page.getByTestId("version").selectOption("4");
      await page.getByTestId("connect").click();
      await untilState(page, "connected");
      await untilRow(page, "");
    }),
  );

  test(
    "a URL that cannot work is explained in words",
    { timeout: TEST },
    withDemo(async (page) => {
      await connected(page);
      await page.getByTestId("disconnect").click();
      await page.getByTestId("url").fill("mqtt://127.0.0.1:1883");
      await page.getByTestId("connect").click();
      await page.getByTestId("error").filter({ hasText: /wss?:/ }).waitFor();
    }),
  );
});
