// @ts-check
// The page's subscriptions and messages: what was granted, how payloads look, the tree, the files.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe } from "node:test";
import { computing } from "./harness/computing.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { untilRow, untilState, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

/** @param {Page} page @param {string} filter */
async function subscribe(page, filter) {
  await page.getByTestId("sub-filter").fill(filter);
  await page.getByTestId("sub-add").click();
}

/** @param {Peer} peer @param {string} topic @param {string | Buffer} payload @param {object} [more] */
function deliver(peer, topic, payload, more = {}) {
  peer.send({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false, ...more });
}

/**
 * The page connected to a scripted server, with one subscription granted.
 * @param {Page} page @param {(peer: Peer) => Promise<void>} body
 */
async function withMessages(page, body) {
  const server = await ScriptedServer.start();
  try {
    await subscribe(page, "#");
    await page.getByTestId("url").fill(server.url);
    await page.getByTestId("connect").click();
    const peer = await server.peer();
    await peer.accept();
    await peer.grantSubscribe();
    await untilState(page, "connected");
    await body(peer);
  } finally {
    await server.stop();
  }
}

/** @param {Page} page @param {string} text */
async function open(page, text) {
  await untilRow(page, text);
  await page.getByTestId("message-row").filter({ hasText: text }).first().click();
}

/** @param {Page} page @param {string} view @param {RegExp} text */
async function expectPayload(page, view, text) {
  await page.getByTestId("payload-view").selectOption(view);
  const shown = page.locator(`[data-testid=payload][data-view=${view}]`);
  await shown.filter({ hasText: text }).waitFor();
}

/** @param {Page} page @param {string} filter @param {RegExp} text */
const untilStatus = (page, filter, text) =>
  page
    .locator(`#sub-list [data-filter="${filter}"] .sub-status`)
    .filter({ hasText: text })
    .waitFor();

describe("the page's messages", () => {
  const test = useWww();

  test("options of a subscription reach the broker, and what it says is shown", async ({
    page,
  }) => {
    await withMessages(page, async (peer) => {
      await untilStatus(page, "#", /QoS 0 granted/);
      await page.locator("#sub-options > summary").click();
      await page.getByTestId("sub-qos").selectOption("2");
      await page.getByTestId("sub-no-local").check();
      await page.getByTestId("sub-retain-as-published").check();
      await page.getByTestId("sub-retain-handling").selectOption("2");
      await subscribe(page, "lowered");
      const { subscriptions, messageId } = await peer.expect("subscribe");
      const [{ topic, qos, nl, rap, rh } = assert.fail("no filter")] = subscriptions;
      assert.deepEqual([topic, qos, nl, rap, rh], ["lowered", 2, true, true, 2]);
      const properties = { reasonString: "enough for you" };
      peer.send({ cmd: "suback", messageId, granted: [1], properties });
      await untilStatus(page, "lowered", /QoS 1 of 2 granted: enough for you/);

      await subscribe(page, "refused");
      const second = await peer.expect("subscribe");
      peer.send({ cmd: "suback", messageId: second.messageId, granted: [0x87] });
      await untilStatus(page, "refused", /0x87/);
    });
  });

  test("a muted subscription counts and shows nothing, one that is removed is unsubscribed", async ({
    page,
  }) => {
    await withMessages(page, async (peer) => {
      deliver(peer, "t", "before");
      await untilRow(page, "before");
      await page.getByTestId("sub-mute").click();
      deliver(peer, "t", "muted");
      await page.locator("#sub-list .sub-numbers").filter({ hasText: /^2 / }).waitFor();
      await page.getByTestId("sub-mute").click();
      deliver(peer, "t", "after");
      await untilRow(page, "after");
      assert.equal(await page.getByTestId("message-row").filter({ hasText: "muted" }).count(), 0);
      await page.locator(".sub-colour").click();
      deliver(peer, "t", "painted");
      await untilRow(page, "painted");
      const row = page.getByTestId("message-row").filter({ hasText: "painted" });
      assert.equal(await row.getAttribute("data-colour"), "1");
      await page.getByTestId("sub-remove").click();
      assert.deepEqual((await peer.expect("unsubscribe")).unsubscriptions, ["#"]);
    });
  });

  test("a payload is shown in every way, with 64-bit integers as they came", async ({ page }) => {
    await withMessages(page, async (peer) => {
      deliver(peer, "json", '{"id":9007199254740993}');
      await open(page, "9007199254740993");
      await expectPayload(page, "json", /^\{\n {2}"id": 9007199254740993\n\}$/);
      await expectPayload(page, "text", /^\{"id":9007199254740993\}$/);
      await expectPayload(page, "hex", /^000000 {2}7b 22 69 64/);
      await expectPayload(page, "base64", /^eyJpZCI6/);
      deliver(peer, "cbor", Buffer.from("a16269641b0020000000000001", "hex"));
      await open(page, "a1 62 69 64 1b");
      await expectPayload(page, "cbor", /"id": 9007199254740993/);
      deliver(peer, "msgpack", Buffer.from("81a26964cf0020000000000001", "hex"));
      await open(page, "81 a2 69 64");
      await expectPayload(page, "messagepack", /"id": 9007199254740993/);
      await page.getByTestId("payload-view").selectOption("cbor");
      await page.getByTestId("detail").filter({ hasText: "This is no CBOR" }).waitFor();
    });
  });

  test("hostile topics and payloads are text and nothing else", async ({ page }) => {
    await withMessages(page, async (peer) => {
      const html = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
      const properties = { contentType: html, userProperties: { [html]: html } };
      deliver(peer, html, html, { properties });
      await open(page, "<script>");
      await page.getByTestId("payload-view").selectOption("text");
      await page.getByTestId("view-topics").check();
      await page.getByTestId("topic-row").filter({ hasText: "<img" }).first().waitFor();
      deliver(
        peer,
        "picture",
        '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=3"/>',
      );
      deliver(peer, "broken", Buffer.from([0xff, 0xfe, 0x00, 0x80]));
      deliver(peer, "deep", "[".repeat(50_000));
      deliver(peer, "long", Buffer.alloc(1_000_000, "x"));
      await page.getByTestId("view-list").check();
      for (const text of ["svg", "ff fe 00 80", "[[[[[", "xxxxx"]) {
        await open(page, text);
        await page.getByTestId("payload").waitFor();
      }
      const found = await page.evaluate(() => [
        document.title,
        document.querySelectorAll("#messages img, #detail img, #topics img, #messages svg").length,
      ]);
      assert.deepEqual(found, ["webmqtt: MQTT in the browser", 0]);
    });
  });

  test("10 MiB of HTML and of JSON are shown in part, and at once", async ({ page }) => {
    await withMessages(page, async (peer) => {
      const size = 10 * 1024 * 1024;
      deliver(peer, "html", Buffer.alloc(size, "<b>bold</b>"));
      deliver(peer, "json", `[${'{"a":1},'.repeat(size / 8)}1]`);
      deliver(peer, "bytes", Buffer.alloc(size, 0xff));
      const computed = await computing(page);
      for (const text of ["<b>bold", '[{"a":1}', "ff ff ff"]) {
        await untilRow(page, text);
        const begun = await computed();
        await open(page, text);
        await page.getByTestId("payload").waitFor();
        const took = (await computed()) - begun;
        assert.ok(took < 5_000, `${took} ms for ${text}`);
        for (const view of ["text", "hex", "base64", "cbor", "messagepack"]) {
          await page.getByTestId("payload-view").selectOption(view);
          await page.locator(`[data-testid=payload][data-view=${view}]`).waitFor();
        }
        await page.getByTestId("payload-view").selectOption("text");
        await page.getByText("more that are not shown").waitFor();
        const shown = await page.getByTestId("payload").textContent();
        assert.ok(Number(shown?.length) < 300_000, `${shown?.length} characters`);
      }
      assert.equal(await page.locator("#detail b").count(), 0);
    });
  });

  test("payloads that are deep, wide or strange are shown at once, also beside their packets", async ({
    page,
  }) => {
    await withMessages(page, async (peer) => {
      await page.getByTestId("packets-open").click();
      const deep = (/** @type {number} */ levels) => "[".repeat(levels) + "]".repeat(levels);
      const objects = (/** @type {string} */ inner) =>
        '{"a":'.repeat(9_000) + inner + "}".repeat(9_000);
      const strange = "\u202e\u0301\u200f\ufeff\u2028 \u{1f600} right to left";
      /** @type {[string, string | Buffer, RegExp][]} */
      const hostile = [
        ["nested", deep(60_000), /^\[\s+\[/],
        ["object", objects("1"), /^\{\s+"a": \{/],
        ["lines", `begin${"\n".repeat(120_000)}`, /^begin/],
        ["keys", `{${'"__proto__":1,'.repeat(9_000)}"constructor":2}`, /__proto__/],
        ["numbers", `[${"1e999,".repeat(20_000)}-0]`, /1e999/],
        ["strange", strange, /right to left/],
        ["half", Buffer.concat([Buffer.from("half "), Buffer.from([0xf0, 0x9f, 0x98])]), /half/],
        ["large", Buffer.alloc(10 * 1024 * 1024, '{"a":['), /^\{"a":\[/],
      ];
      const computed = await computing(page);
      for (const [topic, payload, text] of hostile) {
        deliver(peer, `${topic}/1`, payload);
        await untilRow(page, `${topic}/1`);
        const begun = await computed();
        await open(page, `${topic}/1`);
        // What is no text is hex unless somebody wants it to be text.
        if (topic === "half") {
          await page.getByTestId("payload-view").selectOption("text");
        }
        await page.getByTestId("payload").filter({ hasText: text }).waitFor();
        const took = (await computed()) - begun;
        const shown = String(await page.getByTestId("payload").textContent());
        assert.ok(took < 5_000, `${took} ms for ${topic}`);
        assert.ok(shown.length < 1_500_000, `${shown.length} characters for ${topic}`);
      }
      const packet = page.getByTestId("packet").filter({ hasText: "large" });
      await packet.first().click();
      await page.getByTestId("packet-detail").filter({ hasText: "Payload" }).waitFor();
      await page.getByTestId("packets-close").click();
      // Differences of the deep are looked for, too.
      await page.getByTestId("view-topics").check();
      deliver(peer, "object/1", objects("2"));
      await page.locator('.topic-row[data-topic="object/1"]').click();
      await page
        .getByTestId("payload")
        .filter({ hasText: /"a":2\}/ })
        .waitFor();
    });
  });

  test("a picture is shown as one", async ({ page }) => {
    await withMessages(page, async (peer) => {
      const png =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
      deliver(peer, "camera", Buffer.from(png, "base64"));
      await open(page, "89 50 4e 47");
      await page.waitForFunction(() => {
        const image = document.querySelector("#detail img");
        return image instanceof HTMLImageElement && image.naturalWidth === 1;
      });
    });
  });

  test("the tree has last values, counts and what was retained, and is worked with the keyboard", async ({
    page,
  }) => {
    await withMessages(page, async (peer) => {
      deliver(peer, "home/kitchen/temperature", "20");
      deliver(peer, "home/kitchen/temperature", "21.5");
      deliver(peer, "home/door", "open", { retain: true });
      await untilRow(page, "open");
      await page.getByTestId("view-topics").check();
      const row = (/** @type {string} */ topic) =>
        page.locator(`[data-testid=topic-row][data-topic="${topic}"]`);
      await row("home").filter({ hasText: /home3/ }).waitFor();
      await row("home/kitchen/temperature")
        .filter({ hasText: /2.*21\.5/ })
        .waitFor();
      await row("home/door").filter({ hasText: "retained" }).waitFor();
      await page.getByTestId("topics").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowLeft");
      await row("home/door").waitFor({ state: "hidden" });
      assert.equal(await row("home").getAttribute("aria-expanded"), "false");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      await page.getByTestId("payload").filter({ hasText: "open" }).waitFor();
      const active = await page.getByTestId("topics").getAttribute("aria-activedescendant");
      assert.equal(active, await row("home/door").getAttribute("id"));
      await page.getByRole("button", { name: "Only this topic" }).click();
      await untilRow(page, "open");
      await page.waitForFunction(
        () => document.querySelectorAll("[data-testid=message-row]").length === 1,
      );
      assert.equal(await page.getByTestId("search").inputValue(), "home/door");
    });
  });

  test("what is found is exported, as JSON and as CSV", async ({ page }) => {
    await withMessages(page, async (peer) => {
      deliver(peer, "a/1", '=cmd,"x"');
      deliver(peer, "b/1", Buffer.from([255]));
      await untilRow(page, "ff");
      /** @param {string} format */
      const exported = async (format) => {
        const download = page.waitForEvent("download");
        await page.getByTestId("export-menu").locator("summary").click();
        await page.getByTestId(`export-${format}`).click();
        return readFile(await (await download).path(), "utf8");
      };
      const all = JSON.parse(await exported("json"));
      assert.deepEqual(
        all.map((/** @type {any} */ { topic, payload }) => [topic, payload]),
        [
          ["a/1", '=cmd,"x"'],
          ["b/1", "/w=="],
        ],
      );
      await page.getByTestId("search").fill("a/#");
      assert.match(
        await exported("csv"),
        /^time,.*\r\n[^\r]*,a\/1,0,false,utf-8,"'=cmd,""x"""\r\n$/,
      );
    });
  });

  test("a list of 100,000 messages stays quick, frozen and not", async ({ page }) => {
    await withMessages(page, async (peer) => {
      for (let round = 0; round < 101; round += 1) {
        const many = Array.from({ length: 1_000 }, (_, index) =>
          peer.encode({
            cmd: "publish",
            topic: `flood/${index % 50}`,
            payload: String(round * 1_000 + index),
            qos: 0,
          }),
        );
        peer.sendBytes(Buffer.concat(many));
      }
      const summary = page.locator("#messages-count");
      await summary.filter({ hasText: "the last 100,000 of 101,000" }).waitFor();
      await page.getByTestId("pause").click();
      deliver(peer, "late", "late");
      await summary.filter({ hasText: "Paused, 1 came since" }).waitFor();
      const computed = await computing(page);
      const begun = await computed();
      await page.evaluate(async () => {
        const list = document.querySelector("[data-testid=messages]");
        for (let step = 1; step <= 20; step += 1) {
          if (list) list.scrollTop = (list.scrollHeight / 20) * step;
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }
      });
      const took = (await computed()) - begun;
      assert.ok(took < 4_000, `${took} ms for 20 jumps through the list`);
      assert.ok((await page.getByTestId("message-row").count()) < 200);
      await untilRow(page, "1000");
    });
  });
});
