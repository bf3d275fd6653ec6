// @ts-check
// The main paths through the built page in Firefox, with mouse and keyboard: connect, subscribe, publish, look.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Broker, whyNoBroker } from "./harness/broker.mjs";
import { endAll } from "./harness/ending.mjs";
import { Firefox } from "./harness/engines/firefox.mjs";
import { startAll } from "./harness/launching.mjs";
import { ARRIVAL, END, START, TEST } from "./harness/patience.mjs";
import { uniqueName, Witness } from "./harness/witness.mjs";
import { serve } from "./harness/www_lab.mjs";

const missing = await whyNoBroker("mosquitto");

/** Notes on the page what must not happen on it. */
const WATCH = `() => {
  globalThis.offences = [];
  const note = (text) => globalThis.offences.push(text);
  addEventListener("error", ({ message }) => note(message));
  addEventListener("unhandledrejection", ({ reason }) => note(String(reason)));
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    note("policy: " + violatedDirective + " " + blockedURI));
}`;

describe("the page in Firefox", { skip: missing ?? false }, () => {
  /** @type {Firefox} */
  let browser;
  /** @type {Broker} */
  let broker;
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let site;
  /** @type {import("./harness/engines/firefox.mjs").Tab} */
  let tab;
  const topic = uniqueName("firefox");

  before(
    async () => {
      await startAll([
        async () => {
          browser = await Firefox.start();
        },
        async () => {
          broker = await Broker.start("mosquitto");
        },
        async () => {
          site = await serve();
        },
      ]);
      await browser.prepare(WATCH);
      tab = await browser.open(site.origin);
    },
    { timeout: START },
  );
  after(() => endAll([() => browser?.stop(), () => broker?.stop(), () => site?.close()]), {
    timeout: END,
  });

  /** Waits until an expression is true, also over a reload, in which nothing can be asked. @param {string} expression */
  async function until(expression) {
    const end = performance.now() + ARRIVAL;
    while (!(await tab.evaluate(expression).catch(() => false))) {
      if (performance.now() > end) {
        const page = await tab.evaluate("[...offences, document.body.innerText]");
        assert.fail(`waited ${ARRIVAL} ms for ${expression}; the page: ${page.join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Whether one of these elements shows this text. @param {string} selector @param {string} text */
  const has = (selector, text) =>
    `[...document.querySelectorAll(${JSON.stringify(selector)})].some((each) =>
      each.checkVisibility() && each.textContent.includes(${JSON.stringify(text)}))`;

  /** @param {string} selector @param {string} value */
  const select = (selector, value) =>
    tab.evaluate(`(() => {
      const field = document.querySelector(${JSON.stringify(selector)});
      field.value = ${JSON.stringify(value)};
      field.dispatchEvent(new Event("change", { bubbles: true }));
    })()`);

  /** @param {string} payload */
  async function publish(payload) {
    await tab.fill("#pub-topic", `${topic}/kitchen`);
    await tab.fill("#pub-payload", payload);
    await tab.click("#pub-send");
  }

  const noOffences = async () => assert.deepEqual(await tab.evaluate("offences"), []);

  test("connects to Mosquitto, subscribes, publishes, and shows what comes", {
    timeout: TEST,
  }, async () => {
    await until(has("#state", "Not connected"));
    await tab.fill("#url", broker.url);
    await tab.click("#connect");
    await until('document.querySelector("#state[data-state=connected]") !== null');
    await tab.fill("#sub-filter", `${topic}/#`);
    await tab.click("#sub-add");
    await until(has(".sub-status", "granted"));
    await publish('{"temperature": 21.5}');
    await until(has(".row-payload", "21.5"));
    await until(has("#meter-received", "1"));
    await tab.click(".row");
    await until(has("[data-testid=payload]", '"temperature": 21.5'));
    await noOffences();
  });

  test("draws a number, and shows the tree of topics", { timeout: TEST }, async () => {
    await publish('{"temperature": 22.5}');
    await until(has("#chart-legend .series-last", "22.5"));
    await until(`(() => {
      const canvas = document.querySelector("#chart-legend canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, index) => index % 4 === 3 && value > 0);
    })()`);
    await tab.click("[data-testid=view-topics]");
    await tab.click(`.topic-row[data-topic="${topic}/kitchen"]`);
    await until(has("[data-testid=changes]", "22.5"));
    await tab.click("#view-list");
    await noOffences();
  });

  test("types JSON in its editor, which has its colours under the policy", {
    timeout: TEST,
  }, async () => {
    const editor = 'document.querySelector("#pub-editor").shadowRoot';
    await select("#pub-format", "json");
    await until(`Boolean(${editor}?.querySelector(".cm-content"))`);
    await tab.click("#pub-editor");
    await tab.typeWithControl("a");
    await tab.type('{"id": 9007199254740993,');
    await until(has("#pub-problem", "no JSON"));
    await until(`${editor}.querySelector(".cm-lintRange-error") !== null`);
    await tab.type(' "on": true}');
    await until('document.querySelector("#pub-problem").textContent === ""');
    const colours = await tab.evaluate(
      `[...${editor}.querySelectorAll(".cm-line span")].map((each) => getComputedStyle(each).color)`,
    );
    assert.ok(new Set(colours).size >= 3, String(colours));
    await tab.typeWithControl("\uE007");
    await until(has(".row-payload", "9007199254740993"));
    await select("#pub-format", "text");
    await noOffences();
  });

  test("shows the packets with their fields", { timeout: TEST }, async () => {
    await tab.click("#packets-open");
    await until(has("[data-testid=packet]", "CONNACK"));
    await publish("inspected");
    await until(has("[data-testid=packet]", "PUBLISH"));
    await tab.evaluate(
      `[...document.querySelectorAll("[data-testid=packet]")].findLast((each) => each.textContent.includes("PUBLISH")).click()`,
    );
    await until(has("[data-testid=packet-detail]", `${topic}/kitchen`));
    await tab.click("[data-testid=packets-close]");
    await noOffences();
  });

  test("cuts its network: what is published then arrives when it is mended", {
    timeout: TEST,
  }, async () => {
    const witness = await Witness.connect(broker.url, { version: 4 });
    try {
      await witness.subscribe(`${topic}/#`, 1);
      await tab.click("#network-cut");
      await until('document.querySelector("#state[data-state=waiting]") !== null');
      await select("#pub-qos", "1");
      await publish("while cut");
      await tab.click("#network-cut");
      await witness.until(`${topic}/kitchen`, "while cut");
      await until(has("#pub-result", "Acknowledged as QoS 1"));
      await noOffences();
    } finally {
      await witness.end();
    }
  });

  test("speaks Chinese after a choice, and after a reload", { timeout: TEST }, async () => {
    await select("#language", "zh");
    for (let load = 0; load < 2; load += 1) {
      await until('document.documentElement.lang === "zh" && document.readyState === "complete"');
      await until(has("#state", "未连接"));
      await noOffences();
      await tab.goto(site.origin);
    }
  });
});
