// @ts-check
// What the page publishes, and how: properties, formats, files, repetitions, templates and history.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectTo, untilState, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

/** @param {Page} page @param {(peer: Peer, server: ScriptedServer) => Promise<void>} body */
async function connected(page, body) {
  const server = await ScriptedServer.start();
  try {
    const accepted = server.peer().then(async (peer) => {
      await peer.accept();
      return peer;
    });
    await connectTo(page, server.url);
    await body(await accepted, server);
  } finally {
    await server.stop();
  }
}

/** @param {Page} page @param {Record<string, string>} fields */
async function fill(page, fields) {
  for (const [name, value] of Object.entries(fields)) {
    await page.getByTestId(`pub-${name}`).fill(value);
  }
}

/** @param {Page} page @param {string} summary */
const unfold = (page, summary) => page.locator(`#${summary} > summary`).click();

/** @param {Page} page @param {RegExp} text */
const untilResult = (page, text) =>
  page.getByTestId("pub-result").filter({ hasText: text }).waitFor();

describe("the page's form that publishes", () => {
  const test = useWww();

  test("every property reaches the broker, and its answer is shown", async ({ page }) => {
    await connected(page, async (peer) => {
      await unfold(page, "pub-properties");
      await fill(page, {
        topic: "t",
        payload: "hello",
        "content-type": "text/plain",
        "message-expiry": "60",
        "response-topic": "back",
        "correlation-data": "id",
        "user-properties": "a=1\na=2",
      });
      await page.getByTestId("pub-qos").selectOption("1");
      await page.getByTestId("pub-retain").check();
      await page.getByTestId("pub-is-text").check();
      await page.getByTestId("pub-payload").press("Control+Enter");
      const { topic, payload, qos, retain, properties, messageId } = await peer.expect("publish");
      assert.deepEqual([topic, String(payload), qos, retain], ["t", "hello", 1, true]);
      assert.equal(properties?.contentType, "text/plain");
      assert.equal(properties?.messageExpiryInterval, 60);
      assert.equal(properties?.responseTopic, "back");
      assert.equal(String(properties?.correlationData), "id");
      assert.equal(properties?.payloadFormatIndicator, true);
      assert.deepEqual({ ...properties?.userProperties }, { a: ["1", "2"] });
      const words = { reasonString: "nobody is here" };
      peer.send({ cmd: "puback", messageId, reasonCode: 0x10, properties: words });
      await untilResult(page, /QoS 1 after .*Nobody subscribes.*The broker says: nobody is here/);
    });
  });

  test("hex, Base64 and files are sent as bytes, and what is no JSON is not sent", async ({
    page,
  }) => {
    await connected(page, async (peer) => {
      await fill(page, { topic: "t", payload: "00 ff" });
      await page.getByTestId("pub-format").selectOption("hex");
      await page.getByTestId("pub-send").click();
      assert.deepEqual([...Buffer.from((await peer.expect("publish")).payload)], [0, 255]);
      await page.getByTestId("pub-format").selectOption("json");
      await page.getByTestId("pub-send").click();
      await untilResult(page, /no JSON/);
      await page.getByTestId("pub-format").selectOption("base64");
      await fill(page, { payload: "/wA=" });
      await page.getByTestId("pub-send").click();
      assert.deepEqual([...Buffer.from((await peer.expect("publish")).payload)], [255, 0]);
      await page.getByTestId("pub-format").selectOption("file");
      await page.getByTestId("pub-send").click();
      await untilResult(page, /Choose a file/);
      const buffer = Buffer.alloc(300_000, 7);
      await page
        .getByTestId("pub-file")
        .setInputFiles({ name: "f.bin", mimeType: "application/octet-stream", buffer });
      await page.getByTestId("pub-send").click();
      assert.ok(buffer.equals(Buffer.from((await peer.expect("publish")).payload)));
    });
  });

  test("a file has its progress while it leaves, and is cancelled before or given up after", async ({
    page,
  }) => {
    await connected(page, async (peer, server) => {
      const buffer = Buffer.alloc(300_000, 7);
      const underWay = () =>
        page.waitForFunction(() => {
          const bar = /** @type {HTMLProgressElement} */ (document.getElementById("pub-bar"));
          return bar.value > 0 && bar.value < bar.max;
        });
      const progress = page.getByTestId("pub-progress");
      await fill(page, { topic: "t" });
      await page.getByTestId("pub-qos").selectOption("1");
      await page.getByTestId("pub-format").selectOption("file");
      await page
        .getByTestId("pub-file")
        .setInputFiles({ name: "f.bin", mimeType: "application/octet-stream", buffer });
      await page.getByTestId("network-slow").click();
      await page.getByTestId("network-delay").fill("0");
      await page.getByTestId("network-rate").fill("20000");
      await page.getByTestId("pub-send").click();
      await untilResult(page, /f\.bin, 293\.0 KB, is on its way/);
      await underWay();
      assert.equal(await page.getByTestId("pub-bar").getAttribute("max"), "300000");
      await page.getByTestId("network-slow").click();
      const { payload, messageId } = await peer.expect("publish");
      assert.ok(buffer.equals(Buffer.from(payload)));
      await progress.filter({ hasText: "All of it has left" }).waitFor();
      peer.send({ cmd: "puback", messageId });
      await untilResult(page, /Acknowledged as QoS 1/);
      await progress.waitFor({ state: "hidden" });

      // Once the browser has it, it leaves all the same.
      await page.getByTestId("network-slow").click();
      await page.getByTestId("pub-send").click();
      await underWay();
      await page.getByTestId("pub-cancel").click();
      await untilResult(page, /Given up, but it had begun to leave/);
      await progress.waitFor({ state: "hidden" });
      await page.getByTestId("network-slow").click();
      assert.ok(buffer.equals(Buffer.from((await peer.expect("publish")).payload)));

      // With QoS 0 nobody sends it again.
      await page.getByTestId("pub-qos").selectOption("0");
      await page.getByTestId("network-slow").click();
      await page.getByTestId("pub-send").click();
      await underWay();
      await page.getByTestId("pub-cancel").click();
      await untilResult(page, /Given up, but it had begun to leave/);
      await page.getByTestId("network-slow").click();
      assert.ok(buffer.equals(Buffer.from((await peer.expect("publish")).payload)));
      await page.getByTestId("network-slow").click();
      await page.getByTestId("pub-send").click();
      await underWay();
      await page.getByTestId("network-cut").click();
      await untilResult(page, /lost before all of it was seen to leave/);
      await page.getByTestId("network-slow").click();

      // What waits for a connection never leaves.
      await page.getByTestId("pub-send").click();
      await progress.filter({ hasText: "0 bytes of 293.0 KB sent" }).waitFor();
      await page.getByTestId("pub-cancel").click();
      await untilResult(page, /Cancelled before it left/);
      await page.getByTestId("pub-format").selectOption("text");
      await fill(page, { payload: "after" });
      await page.getByTestId("pub-send").click();
      const next = server.peer();
      await page.getByTestId("network-cut").click();
      await (await next).accept();
      assert.equal(String((await (await next).expect("publish")).payload), "after");
    });
  });

  test("a message is repeated until it is stopped, with its placeholders filled in", async ({
    page,
  }) => {
    await connected(page, async (peer, server) => {
      await unfold(page, "pub-repetition");
      await fill(page, { topic: "t", payload: "n {{count}}", interval: "20" });
      await page.getByTestId("pub-placeholders").check();
      await page.getByTestId("pub-repeat").click();
      for (const expected of ["n 0", "n 1", "n 2", "n 3"]) {
        assert.equal(String((await peer.expect("publish")).payload), expected);
      }
      await page.getByTestId("pub-repeat").filter({ hasText: "Stop" }).click();
      await page.getByTestId("pub-repeat").filter({ hasText: "Repeat" }).waitFor();
      // Without a connection it ends by itself.
      await page.getByTestId("pub-repeat").click();
      await page.getByTestId("disconnect").click();
      await untilState(page, "closed");
      assert.equal(await page.getByTestId("pub-repeat").getAttribute("aria-pressed"), "false");
      assert.ok(server.peers.items.length === 1);
    });
  });

  test("templates and what was published before are found again after a reload", async ({
    page,
  }) => {
    await connected(page, async () => {
      await fill(page, { topic: "lamp/set", payload: "<b>on</b>" });
      await page.getByTestId("pub-send").click();
      await untilResult(page, /Sent/);
      await fill(page, { topic: "door/set", payload: "open" });
      await page.getByTestId("pub-qos").selectOption("2");
      await unfold(page, "pub-shelf");
      await page.getByTestId("template-name").fill("Open the door");
      await page.getByTestId("template-save").click();
      await page.getByTestId("disconnect").click();
    });
    await page.reload();
    await unfold(page, "pub-shelf");
    await page.getByTestId("draft-list").getByTestId("draft").click();
    assert.equal(await page.getByTestId("pub-payload").inputValue(), "<b>on</b>");
    await page.getByTestId("template-list").getByText("Open the door").click();
    assert.equal(await page.getByTestId("pub-topic").inputValue(), "door/set");
    assert.equal(await page.getByTestId("pub-qos").inputValue(), "2");
    await page.getByLabel("Delete the template Open the door").click();
    assert.equal(await page.locator("#template-list li").count(), 0);
  });

  test("a message that came is taken over to be published", async ({ page }) => {
    await connected(page, async (peer) => {
      await page.getByTestId("sub-filter").fill("#");
      await page.getByTestId("sub-add").click();
      await peer.grantSubscribe();
      const payload = Buffer.from([255, 1]);
      peer.send({ cmd: "publish", topic: "bin", payload, qos: 0, dup: false, retain: true });
      await page.getByTestId("message-row").click();
      await page.getByRole("button", { name: "Publish here" }).click();
      await page.getByTestId("pub-send").click();
      const sent = await peer.expect("publish");
      assert.deepEqual(
        [sent.topic, [...Buffer.from(sent.payload)], sent.retain],
        ["bin", [255, 1], false],
      );
    });
  });

  test("JSON has an editor, loaded then, which marks errors and indents without rounding", async ({
    page,
  }) => {
    await connected(page, async (peer) => {
      /** @type {string[]} */
      const scripts = [];
      page.on("request", (request) => scripts.push(request.url()));
      const payload = page.getByTestId("pub-payload");
      const problem = page.getByTestId("pub-problem");
      await fill(page, { topic: "t", payload: '{"id": 9007199254740993 "on":' });
      assert.equal(await problem.textContent(), "");
      await page.getByTestId("pub-format").selectOption("json");
      const editor = page.locator("#pub-editor .cm-content");
      await editor.waitFor();
      assert.equal(await payload.isVisible(), false);
      assert.ok(scripts.some((url) => /\/json-editor-\w+\.js$/.test(url)));
      await problem.filter({ hasText: "no JSON" }).waitFor();
      assert.equal(await editor.getAttribute("aria-label"), "Payload");
      assert.equal(await editor.getAttribute("aria-invalid"), "true");
      assert.equal(await page.getByTestId("pub-tidy").isDisabled(), true);
      const mark = page.locator("#pub-editor .cm-lintRange-error");
      assert.equal(await mark.textContent(), '"on"');
      assert.match(
        await mark.evaluate((found) => getComputedStyle(found).textDecorationLine),
        /underline/,
      );

      await editor.focus();
      await page.keyboard.press("Control+A");
      await page.keyboard.type('{"id": 9007199254740993, "on": {"at": 1.50}}');
      await page.locator("#pub-problem:empty").waitFor({ state: "attached" });
      assert.equal(await editor.getAttribute("aria-invalid"), "false");
      assert.equal(await mark.count(), 0);
      const colour = (/** @type {string} */ text) =>
        editor.getByText(text, { exact: true }).evaluate((found) => getComputedStyle(found).color);
      assert.notEqual(await colour("9007199254740993"), await colour('"id"'));
      await page.keyboard.press("Shift+Alt+F");
      const tidy = '{\n  "id": 9007199254740993,\n  "on": {\n    "at": 1.50\n  }\n}';
      assert.equal(await payload.inputValue(), tidy);
      await page.keyboard.press("Control+Enter");
      assert.equal(String((await peer.expect("publish")).payload), tidy);

      // The keyboard gets out of it again, and what is text shows the same.
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement?.id), "pub-tidy");
      await page.getByTestId("pub-format").selectOption("text");
      assert.equal(await page.getByTestId("pub-tidy").isVisible(), false);
      assert.equal(await editor.isVisible(), false);
      assert.equal(await payload.inputValue(), tidy);
    });
  });

  test("a placeholder in JSON is no error, and an error behind it is marked where it is", async ({
    page,
  }) => {
    await page.locator("#pub-repetition > summary").click();
    await fill(page, { payload: '{"n": {{count}}, "at": {{now}}}' });
    await page.getByTestId("pub-format").selectOption("json");
    const problem = page.getByTestId("pub-problem");
    await problem.filter({ hasText: "no JSON" }).waitFor();
    await page.getByTestId("pub-placeholders").check();
    await page.locator("#pub-problem:empty").waitFor({ state: "attached" });
    const editor = page.locator("#pub-editor .cm-content");
    await editor.focus();
    await page.keyboard.press("Control+End");
    await page.keyboard.press("Backspace");
    await page.keyboard.type(" bad}");
    await problem.filter({ hasText: "no JSON" }).waitFor();
    assert.equal(await page.locator("#pub-editor .cm-lintRange-error").textContent(), "bad");
  });
});
