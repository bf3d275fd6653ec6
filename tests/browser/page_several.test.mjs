// @ts-check
// Several connections at once: each goes on by itself, one of them is looked at, and nothing of one is among the other's.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectTo, untilRow, untilState, useWww, withWitness } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Makes a connection and connects it. @param {Page} page @param {string} name @param {string} url */
async function add(page, name, url) {
  await page.getByTestId("profile-new").click();
  await page.getByTestId("name").fill(name);
  await page.getByTestId("colour").selectOption({ label: name === "First" ? "Orange" : "Violet" });
  await connectTo(page, url);
}

/** @param {Page} page @param {string} filter */
async function subscribe(page, filter) {
  await page.getByTestId("sub-filter").fill(filter);
  await page.getByTestId("sub-add").click();
  await page.locator(".sub", { hasText: "granted" }).first().waitFor();
}

/** @param {Page} page @param {string} name */
const tab = (page, name) => page.getByRole("tab", { name: new RegExp(`^${name} `) });

/** @param {Page} page @param {string} name */
const chosen = (page, name) =>
  page.getByRole("tab", { name: new RegExp(`^${name} `), selected: true }).waitFor();

/** @param {Page} page @param {string} title */
const inUse = (page, title) =>
  page.locator(".profile").filter({ hasText: title }).filter({ hasText: "in use" }).waitFor();

/** @param {Page} page */
const filters = (page) => page.locator("#sub-list .sub-filter").allTextContents();

describe("several connections at once", () => {
  const test = useWww();

  test("each keeps its messages, topics, values, subscriptions, packets and draft", async ({
    page,
  }) => {
    await withWitness(page, async (witness, topic, url) => {
      await add(page, "First", url);
      await subscribe(page, `${topic}/a/#`);
      await page.getByTestId("pub-topic").fill("from/first");
      await page.getByTestId("search").fill("a/x");
      assert.equal(await page.getByTestId("tabs").isVisible(), false);
      await add(page, "Second", url);
      await chosen(page, "Second");
      for (const name of ["First", "Second"]) await inUse(page, name);
      assert.deepEqual(await filters(page), []);
      assert.equal(await page.getByTestId("search").inputValue(), "");
      await subscribe(page, `${topic}/b/#`);
      await page.getByTestId("pub-topic").fill("from/second");
      await page.getByTestId("pub-payload").fill("text");
      await page.getByTestId("packets-open").click();
      await page
        .getByTestId("packet")
        .filter({ hasText: `${topic}/b` })
        .first()
        .waitFor();

      for (const value of [21, 22, 23]) {
        await witness.publish(`${topic}/a/x`, String(value));
      }
      await witness.publish(`${topic}/b/y`, "7");
      await untilRow(page, "7");
      await page.getByRole("tab", { name: "First Connected, 3 new messages" }).waitFor();
      assert.equal(await page.getByTestId("message-row").count(), 1);
      assert.equal(await page.locator(`[data-series="${topic}/a/x"]`).count(), 0);

      await tab(page, "First").click();
      await chosen(page, "First");
      await untilRow(page, "23");
      assert.equal(await page.getByTestId("message-row").count(), 3);
      assert.equal(await page.locator("#meter-received").textContent(), "3");
      assert.equal(await page.getByTestId("search").inputValue(), "a/x");
      assert.deepEqual(await filters(page), [`${topic}/a/#`]);
      assert.equal(await page.getByTestId("pub-topic").inputValue(), "from/first");
      assert.equal(await page.locator("#bar").getAttribute("data-colour"), "1");
      await page.locator(`#chart-legend [data-series="${topic}/a/x"] canvas`).waitFor();
      assert.equal(await page.locator(`[data-series="${topic}/b/y"]`).count(), 0);
      await page
        .getByTestId("packet")
        .filter({ hasText: `${topic}/a` })
        .first()
        .waitFor();
      const packets = page.getByTestId("packets");
      assert.doesNotMatch(String(await packets.textContent()), new RegExp(`${topic}/b`));
      await page.getByTestId("packets-close").click();
      await page.getByTestId("view-topics").check();
      await page.locator(`.topic-row[data-topic="${topic}/a"]`).waitFor();
      assert.equal(await page.locator(`.topic-row[data-topic="${topic}/b"]`).count(), 0);
      await tab(page, "Second").click();
      await page.locator(`.topic-row[data-topic="${topic}/b"]`).waitFor();
      assert.equal(await page.locator(`.topic-row[data-topic="${topic}/a"]`).count(), 0);
      assert.equal(await page.getByTestId("pub-topic").inputValue(), "from/second");

      // The end of one is none of the other.
      await page.getByTestId("disconnect").click();
      await untilState(page, "closed");
      await page.getByRole("tab", { name: "First Connected" }).click();
      await untilState(page, "connected");
    });
  });

  test("a repetition goes on with its own draft while another connection is looked at", async ({
    page,
  }) => {
    await withWitness(page, async (witness, topic, url) => {
      await witness.subscribe(`${topic}/#`, 0);
      await add(page, "First", url);
      await page.getByTestId("pub-topic").fill(`${topic}/first`);
      await page.getByTestId("pub-payload").fill("n {{count}}");
      await page.locator("#pub-repetition > summary").click();
      await page.getByTestId("pub-placeholders").check();
      await page.getByTestId("pub-interval").fill("20");
      await page.getByTestId("pub-repeat").click();
      await witness.until(`${topic}/first`, "n 0");
      await add(page, "Second", url);
      assert.equal(await page.getByTestId("pub-repeat").getAttribute("aria-pressed"), "false");
      await page.getByTestId("pub-topic").fill(`${topic}/second`);
      await page.getByTestId("pub-payload").fill("once");
      await page.getByTestId("pub-send").click();
      await witness.until(`${topic}/second`, "once");
      const so = witness.texts(`${topic}/first`).length;
      await witness.until(`${topic}/first`, `n ${so + 5}`);
      await tab(page, "First").click();
      await page.getByTestId("pub-repeat").filter({ hasText: "Stop" }).click();
    });
  });

  test("what happens elsewhere is told, and its notice waits there", async ({ page, offences }) => {
    const servers = [await ScriptedServer.start(), await ScriptedServer.start()];
    try {
      const [first, second] = servers;
      const peers = servers.map((server) => server.peer());
      for (const peer of peers) void peer.then((each) => each.accept());
      await add(page, "First", String(first?.url));
      await add(page, "Second", String(second?.url));
      await tab(page, "First").click();
      const peer = await peers[1];
      if (second) second.upgrade = { status: 503 };
      peer?.send({ cmd: "disconnect", reasonCode: 0x89 });
      peer?.close(1000);
      await page
        .locator("#state-spoken")
        .filter({ hasText: "Second: No connection, trying again soon" })
        .waitFor({ state: "attached" });
      await untilState(page, "connected");
      assert.equal(await page.locator(".notice").count(), 0);
      assert.doesNotMatch(String(await page.locator("#history-list").textContent()), /server busy/);
      await tab(page, "Second").click();
      await page.locator("#history > summary").click();
      await page.locator(".history-line").filter({ hasText: "server busy" }).waitFor();
      await page.locator(".notice").waitFor();
      // Between two attempts.
      await page.getByTestId("pub-send").filter({ hasText: "Queue" }).waitFor();
      offences.list = offences.list.filter((text) => !/WebSocket connection to/.test(text));
    } finally {
      for (const server of servers) await server.stop();
    }
  });

  test("tabs are worked with the keyboard, and closing one forgets what it brought", async ({
    page,
  }) => {
    const server = await ScriptedServer.start();
    try {
      server.peer().then((peer) => peer.accept());
      await add(page, "First", server.url);
      server.peer().then((peer) => peer.accept());
      await add(page, "Second", server.url);
      await tab(page, "Second").focus();
      await page.keyboard.press("ArrowLeft");
      await chosen(page, "First");
      assert.equal(await tab(page, "First").getAttribute("tabindex"), "0");
      assert.equal(await tab(page, "Second").getAttribute("tabindex"), "-1");
      await page.keyboard.press("End");
      await chosen(page, "Second");
      await page.keyboard.press("Delete");
      await page.getByTestId("tabs").waitFor({ state: "hidden" });
      await server.peers.items[1]?.expect("disconnect");
      assert.equal(await page.locator("#name").inputValue(), "First");
      await untilState(page, "connected");
      // It stays in the list, and begins anew.
      await page.getByTestId("profile").filter({ hasText: "Second" }).click();
      await untilState(page, "idle");
      assert.equal(await page.locator(".history-line").count(), 0);
      await tab(page, "First").getByTestId("tab-close").click();
      await server.peers.items[0]?.expect("disconnect");
      await page.goto("about:blank");
    } finally {
      await server.stop();
    }
  });
});
