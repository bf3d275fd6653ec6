// @ts-check
// The page in Chinese: nothing is left in English, whatever is open, and the choice is kept.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectTo, untilRow, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Names, and what is typed as it stands. */
const SAME = new Set(
  [
    "webmqtt MQTT mqtt QoS URL JSON CSV CBOR MessagePack Base UTF Hex SHA SCRAM TLS EMQX RabbitMQ Mosquitto HiveMQ",
    "WebSocket WebSockets DISCONNECT CONNACK ws wss Ctrl Enter cargo xtask demo conf mosquitto websockets protocol",
    "rabbitmq web home count now random never example broker KB MB ms min English AWS IoT ID",
  ]
    .join(" ")
    .split(" "),
);

/** Words in Latin letters that the page shows or says, apart from those in `except`. @param {Page} page @param {string} except */
async function latinWords(page, except) {
  const texts = await page.evaluate((hidden) => {
    for (const details of document.querySelectorAll("details")) details.open = true;
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.parentElement?.closest(hidden)) found.push(node.nodeValue ?? "");
    }
    for (const element of document.querySelectorAll("body *")) {
      for (const name of ["aria-label", "placeholder", "title", "alt"]) {
        if (!element.closest(hidden)) found.push(element.getAttribute(name) ?? "");
      }
    }
    return found;
  }, except);
  const words = texts.flatMap((text) => text.match(/[A-Za-z]{2,}/g) ?? []);
  return [...new Set(words)].filter((word) => !SAME.has(word));
}

/** What a broker, a user or a program has written. */
const THEIRS =
  "noscript, .topic, .code, code, #link-facts, #link-url, .row-payload, .sub-filter, [data-topic], .draw, #limits-list, [title='a/b'], .series-toggle, .row-topic, #profiles, [data-filter]";

describe("the page in Chinese", () => {
  const test = useWww();

  test("is chosen in the bar, kept, and leaves no text in English", async ({ page }) => {
    const server = await ScriptedServer.start();
    try {
      await page.getByTestId("language").selectOption("zh");
      await page.locator("html[lang=zh]").waitFor({ state: "attached" });
      await page.getByTestId("state").filter({ hasText: "未连接" }).waitFor();
      assert.deepEqual(await latinWords(page, THEIRS), []);
      await page.getByTestId("sub-filter").fill("#");
      await page.getByTestId("sub-add").click();
      const serving = server.peer().then(async (peer) => {
        await peer.accept();
        await peer.grantSubscribe();
        peer.send({ cmd: "publish", topic: "a/b", payload: '{"a": 21}', qos: 0, retain: true });
      });
      await connectTo(page, server.url);
      await serving;
      await untilRow(page, "21");
      await page.getByTestId("message-row").click();
      await page.locator("#chart-legend canvas").first().waitFor();
      await page.getByTestId("sub-list").getByText("已授予 QoS 0").waitFor();
      assert.deepEqual(await latinWords(page, THEIRS), []);
      // The menu is unfolded above it.
      await page.getByTestId("packets-open").dispatchEvent("click");
      await page.getByTestId("view-session").check();
      await page.getByTestId("session-subscriptions").filter({ hasText: "订阅 (1)" }).waitFor();
      assert.deepEqual(await latinWords(page, `${THEIRS}, .packets-body`), []);
      await page.getByTestId("packets-close").click();
      await page.getByTestId("disconnect").click();
      await page.getByTestId("state").filter({ hasText: "已断开" }).waitFor();
      await page.getByTestId("url").fill("http://127.0.0.1:1");
      await page.getByTestId("connect").click();
      await page.getByTestId("error").filter({ hasText: "此 URL 不能用于 WebSocket" }).waitFor();
      await page.reload();
      await page.getByTestId("state").filter({ hasText: "未连接" }).waitFor();
      await page.getByTestId("language").selectOption("en");
      await page.getByTestId("state").filter({ hasText: "Not connected" }).waitFor();
      assert.equal(await page.locator("html").getAttribute("lang"), "en");
    } finally {
      await server.stop();
    }
  });

  test("comes by itself where the browser asks for it", async ({ page }) => {
    await page.addInitScript(() => {
      Object.defineProperty(navigator, "languages", { get: () => ["de-DE", "zh-CN", "en"] });
    });
    await page.reload();
    await page.getByTestId("state").filter({ hasText: "未连接" }).waitFor();
    assert.match(await page.title(), /浏览器/);
  });
});
