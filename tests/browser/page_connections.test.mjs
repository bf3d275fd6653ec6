// @ts-check
// The page's connections: filled in, stored, shared, exported; and what the broker gets to see of them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe } from "node:test";
import { ScramServer } from "./harness/scram_server.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { untilState, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {(server: ScriptedServer) => Promise<void>} body */
async function withServer(body) {
  const server = await ScriptedServer.start();
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

/** @param {Page} page @param {Record<string, string>} fields */
async function fill(page, fields) {
  for (const [name, value] of Object.entries(fields)) {
    await page.getByTestId(name).fill(value);
  }
}

/** @param {Page} page @param {string} entry */
async function chooseFromMenu(page, entry) {
  await page.getByTestId("profile-menu").locator("summary").click();
  await page.getByTestId(entry).click();
}

/** @param {Page} page */
const titles = (page) => page.locator("#profiles .profile-name").allTextContents();

describe("the page's connections", () => {
  const test = useWww();

  test("every option of the form reaches the broker", async ({ page }) => {
    await withServer(async (server) => {
      await page.locator("#more > summary").click();
      await page.locator("#will > summary").click();
      await fill(page, {
        url: server.url,
        "client-id": "chosen",
        username: "ann",
        password: "secret",
        keepalive: "17",
        expiry: "120",
        "receive-maximum": "33",
        "maximum-packet-size": "4000",
        "topic-alias-maximum": "5",
        "user-properties": "a=1\na=2",
        "will-topic": "gone",
        "will-payload": "bye",
        "will-delay": "7",
        "will-expiry": "70",
        "will-content-type": "text/plain",
        "will-response-topic": "back",
        "will-correlation-data": "id",
        "will-user-properties": "w=3",
      });
      await page.getByTestId("clean").uncheck();
      await page.getByTestId("request-response-information").check();
      await page.getByTestId("will-qos").selectOption("1");
      await page.getByTestId("will-retain").check();
      await page.getByTestId("will-is-text").check();
      await page.getByTestId("connect").click();
      const connect = /** @type {any} */ (await (await server.peer()).accept());
      await untilState(page, "connected");
      const { clientId, username, password, keepalive, clean, properties, will } = connect;
      assert.deepEqual(
        [clientId, username, String(password), keepalive, clean],
        ["chosen", "ann", "secret", 17, false],
      );
      assert.equal(properties.sessionExpiryInterval, 120);
      assert.equal(properties.receiveMaximum, 33);
      assert.equal(properties.maximumPacketSize, 4000);
      assert.equal(properties.topicAliasMaximum, 5);
      assert.equal(properties.requestResponseInformation, true);
      assert.deepEqual({ ...properties.userProperties }, { a: ["1", "2"] });
      assert.deepEqual(
        [will.topic, String(will.payload), will.qos, will.retain],
        ["gone", "bye", 1, true],
      );
      assert.equal(will.properties.willDelayInterval, 7);
      assert.equal(will.properties.messageExpiryInterval, 70);
      assert.equal(will.properties.contentType, "text/plain");
      assert.equal(will.properties.responseTopic, "back");
      assert.equal(String(will.properties.correlationData), "id");
      assert.equal(will.properties.payloadFormatIndicator, true);
      assert.deepEqual({ ...will.properties.userProperties }, { w: "3" });
    });
  });

  test("connections are stored with their subscriptions, and the password only if asked", async ({
    page,
  }) => {
    await fill(page, { name: "Home", url: "ws://127.0.0.1:1/home", password: "hidden-secret" });
    await page.getByTestId("sub-filter").fill("home/#");
    await page.getByTestId("sub-add").click();
    await page.getByTestId("profile-new").click();
    await fill(page, { name: "Work", url: "ws://ann:from-url@127.0.0.1:1/work" });
    await page.getByTestId("version").selectOption("4");
    await page.getByTestId("colour").selectOption("4");
    assert.equal(await page.getByTestId("url").inputValue(), "ws://127.0.0.1:1/work");
    assert.equal(await page.getByTestId("username").inputValue(), "ann");
    assert.equal(await page.locator("#sub-list li").count(), 0);

    const stored = () => page.evaluate(() => JSON.stringify({ ...localStorage }));
    assert.doesNotMatch(await stored(), /hidden-secret|from-url/);
    await page.reload();
    assert.deepEqual(await titles(page), ["Home", "Work"]);
    assert.equal(await page.getByTestId("version").inputValue(), "4");
    assert.equal(await page.getByTestId("password").inputValue(), "");
    assert.equal(await page.locator(".profile[aria-current]").getAttribute("data-colour"), "4");
    await page.getByTestId("profile").filter({ hasText: "Home" }).click();
    await page.getByTestId("sub-list").getByText("home/#").waitFor();
    assert.equal(await page.getByTestId("version").inputValue(), "5");

    await page.getByTestId("password").fill("kept-secret");
    await page.getByTestId("keep-password").check();
    await page.reload();
    assert.equal(await page.getByTestId("password").inputValue(), "kept-secret");
    await page.getByTestId("keep-password").uncheck();
    assert.doesNotMatch(await stored(), /kept-secret/);
  });

  test("a connection is duplicated and deleted, and deleting asks once more", async ({ page }) => {
    await page.getByTestId("name").fill("One");
    await chooseFromMenu(page, "profile-copy");
    assert.deepEqual(await titles(page), ["One", "One (copy)"]);
    await chooseFromMenu(page, "profile-delete");
    assert.deepEqual(await titles(page), ["One", "One (copy)"]);
    await page.getByTestId("profile-delete").click();
    assert.deepEqual(await titles(page), ["One"]);
  });

  test("a link brings a connection, without secrets and without connecting", async ({
    page,
    origin,
  }) => {
    await fill(page, { name: "<b>Shared</b>", url: "ws://127.0.0.1:1/x", password: "secret" });
    await page.getByTestId("sub-filter").fill("x/#");
    await page.getByTestId("sub-add").click();
    await chooseFromMenu(page, "profile-share");
    const link = await page.getByTestId("profile-link").inputValue();
    assert.ok(link.startsWith(`${origin}/#connection=`), link);

    await page.evaluate(() => localStorage.clear());
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByTestId("profile-note").filter({ hasText: "Look at the URL" }).waitFor();
    assert.equal(page.url(), `${origin}/`);
    assert.equal((await titles(page)).at(-1), "<b>Shared</b>");
    assert.equal(await page.getByTestId("url").inputValue(), "ws://127.0.0.1:1/x");
    assert.equal(await page.getByTestId("password").inputValue(), "");
    await page.getByTestId("sub-list").getByText("x/#").waitFor();
    await untilState(page, "idle");

    // The same link again finds what it brought.
    await page.goto(link);
    await page.getByTestId("profile-note").filter({ hasText: "Look at the URL" }).waitFor();
    assert.equal((await titles(page)).filter((title) => title.includes("Shared")).length, 1);
  });

  test("what was exported is imported again", async ({ page }) => {
    await fill(page, { name: "Carried", url: "ws://127.0.0.1:1/x", password: "secret" });
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      chooseFromMenu(page, "profile-export"),
    ]);
    const file = await readFile(await download.path(), "utf8");
    assert.doesNotMatch(file, /secret/);
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    const chosen = page.waitForEvent("filechooser");
    await chooseFromMenu(page, "profile-import");
    await (await chosen).setFiles({
      name: "connections.json",
      mimeType: "application/json",
      buffer: Buffer.from(file),
    });
    await page.getByTestId("profile-note").filter({ hasText: "1 connection was added" }).waitFor();
    assert.equal((await titles(page)).at(-1), "Carried");
  });

  test("SCRAM is loaded when it is used, and the broker never sees the password", async ({
    page,
  }) => {
    await withServer(async (server) => {
      /** @type {string[]} */
      const scripts = [];
      page.on("request", (request) => scripts.push(request.url()));
      await page.locator("#more > summary").click();
      await fill(page, { url: server.url, username: "ann", password: "secret" });
      await page.getByTestId("auth").selectOption("scram");
      await page.getByTestId("connect").click();
      const peer = await server.peer();
      const { properties, password } = await peer.expect("connect");
      assert.equal(password, undefined);
      assert.ok(scripts.some((url) => /\/scram-\w+\.js$/.test(url)));
      const scram = new ScramServer("secret");
      const method = { authenticationMethod: properties?.authenticationMethod };
      const challenge = scram.challenge(/** @type {Buffer} */ (properties?.authenticationData));
      const asking = { ...method, authenticationData: challenge };
      peer.send({ cmd: "auth", reasonCode: 0x18, properties: asking });
      const answer = await peer.expect("auth");
      const final = scram.verify(/** @type {Buffer} */ (answer.properties?.authenticationData));
      assert.ok(final);
      peer.send({
        cmd: "connack",
        reasonCode: 0,
        sessionPresent: false,
        properties: { ...method, authenticationData: final },
      });
      await untilState(page, "connected");
    });
  });

  test("what the broker says about itself is shown, and a redirect is followed if allowed", async ({
    page,
  }) => {
    await withServer(async (first) => {
      await withServer(async (second) => {
        await page.locator("#more > summary").click();
        await fill(page, { url: first.url, redirects: "1" });
        await page.getByTestId("connect").click();
        const refusing = await first.peer();
        await refusing.expect("connect");
        const elsewhere = { serverReference: second.url };
        refusing.send({ cmd: "connack", reasonCode: 0x9c, properties: elsewhere });
        const properties = { responseInformation: "answers/7", maximumQoS: 1 };
        await (await second.peer()).accept({ properties });
        await untilState(page, "connected");
        await page.locator("#limits > summary").click();
        const limits = page.locator("#limits-list");
        await limits.filter({ hasText: "Response informationanswers/7" }).waitFor();
        await limits.filter({ hasText: "Highest QoS1" }).waitFor();
      });
    });
  });

  test("MQTT 3.1.1 is used where the broker refuses MQTT 5, if that is ticked", async ({
    page,
  }) => {
    await withServer(async (server) => {
      await page.locator("#more > summary").click();
      await fill(page, { url: server.url });
      await page.getByTestId("fallback").check();
      await page.getByTestId("connect").click();
      await (await server.peer()).refuse(0x84);
      const { protocolVersion } = await (await server.peer()).accept();
      assert.equal(protocolVersion, 4);
      await untilState(page, "connected");
      await page.locator("#link-facts").filter({ hasText: "MQTT 3.1.1" }).waitFor();
    });
  });

  test("a connection that another tab makes is in this one too", async ({ page, origin }) => {
    await fill(page, { name: "Mine", password: "only here" });
    const other = await page.context().newPage();
    await other.goto(origin);
    await other.getByTestId("profile-new").click();
    await other.getByTestId("name").fill("Theirs");
    await other.getByTestId("name").press("Tab");
    await page.getByTestId("profile").filter({ hasText: "Theirs" }).waitFor();
    await other.close();
    await page.getByTestId("profile").filter({ hasText: "Theirs" }).click();
    await page.getByTestId("profile").filter({ hasText: "Mine" }).click();
    assert.equal(await page.getByTestId("password").inputValue(), "only here");
  });

  test("the menu is worked with the keyboard", async ({ page }) => {
    await page.getByTestId("profile-menu").locator("summary").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Escape");
    assert.equal(await page.getByTestId("profile-menu").getAttribute("open"), null);
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "More");
  });
});
