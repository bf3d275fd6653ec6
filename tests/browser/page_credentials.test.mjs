// @ts-check
// What the page connects with: passwords that are asked for again, signatures for AWS IoT, and warnings. Nothing of it is
// stored or shared unless somebody says so.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { fault } from "./harness/sigv4_check.mjs";
import { untilState, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Everything that is stored, and the link that the page shares. @param {Page} page */
async function everythingKept(page) {
  await page.locator("#profile-menu summary").click();
  await page.getByTestId("profile-share").click();
  const link = await page.getByTestId("profile-link").inputValue();
  const shared = Buffer.from(link.split("=")[1] ?? "", "base64url").toString();
  assert.match(shared, /ws:/);
  const stored = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
  );
  assert.match(stored, /ws:/);
  return stored + shared;
}

/** @param {import("./harness/scripted_server.mjs").Peer} peer */
async function passwordOf(peer) {
  const { username, password } = await peer.expect("connect");
  return `${username} ${password}`;
}

/** @param {import("./harness/scripted_server.mjs").Peer} peer @param {number} reasonCode */
const answer = (peer, reasonCode) =>
  peer.send({ cmd: "connack", reasonCode, sessionPresent: false });

describe("the page connects", () => {
  const test = useWww();

  test("with a token that is asked for when there is none and when it is refused", async ({
    page,
    offences,
  }) => {
    const server = await ScriptedServer.start();
    const dialog = page.getByTestId("ask");
    const give = async (/** @type {string} */ token) => {
      await page.getByTestId("asked-password").fill(token);
      await page.getByTestId("ask-use").click();
    };
    try {
      await page.getByTestId("url").fill(server.url);
      await page.getByTestId("username").fill("ann");
      await page.getByTestId("ask-password").check();
      await page.locator("#more summary").click();
      await page.getByTestId("reconnect-min").fill("1");
      await page.getByTestId("reconnect-max").fill("1");
      await page.getByTestId("connect").click();
      await dialog.filter({ hasText: "There is none" }).waitFor();
      // Whoever has made a link chooses the name, and not where the password goes.
      assert.equal(await page.getByTestId("ask-host").textContent(), "It goes to 127.0.0.1.");
      await give("token-one");
      const first = await server.peer();
      assert.equal(await passwordOf(first), "ann token-one");
      answer(first, 0);
      await untilState(page, "connected");
      // A loss is no refusal: nobody is asked.
      first.drop();
      const second = await server.peer();
      assert.equal(await passwordOf(second), "ann token-one");
      answer(second, 0x87);
      second.close();
      await dialog.filter({ hasText: "The broker refused" }).waitFor();
      await give("token-two");
      const third = await server.peer();
      assert.equal(await passwordOf(third), "ann token-two");
      answer(third, 0);
      await untilState(page, "connected");
      assert.doesNotMatch(await everythingKept(page), /token-/);

      third.drop();
      const fourth = await server.peer();
      assert.equal(await passwordOf(fourth), "ann token-two");
      answer(fourth, 0x86);
      fourth.close();
      await dialog.waitFor();
      await page.getByTestId("ask-stop").click();
      await untilState(page, "closed");
      assert.equal(await dialog.count(), 0);
      assert.equal(await page.getByTestId("password").inputValue(), "token-two");
      assert.equal(server.upgrades.items.length, 4);
      offences.list = offences.list.filter((text) => !/WebSocket connection to/.test(text));
    } finally {
      await server.stop();
    }
  });

  test("with a signature for AWS IoT, and keeps neither key nor token", async ({ page }) => {
    const server = await ScriptedServer.start();
    /** @type {(string | undefined)[]} */
    const faults = [];
    server.upgrade.check = ({ url = "", headers: { host = "" } }) => {
      const known = { secret: "secret-key", region: "eu-west-1", token: "secret-token" };
      faults.push(fault(url, host, { ...known, now: Date.now() }));
      return undefined;
    };
    try {
      await page.getByTestId("url").fill(server.url);
      await page.getByTestId("username").fill("AKIDEXAMPLE");
      await page.getByTestId("password").fill("secret-key");
      await page.locator("#more summary").click();
      assert.ok(await page.getByTestId("aws-region").isDisabled());
      await page.getByTestId("auth").selectOption("aws");
      await page.getByTestId("aws-session-token").fill("secret-token");
      await page.getByTestId("connect").click();
      await page.getByTestId("error").filter({ hasText: "no AWS region" }).waitFor();
      await page.getByTestId("aws-region").fill("eu-west-1");
      await page.getByTestId("connect").click();
      const peer = await server.peer();
      const { username, password } = await peer.accept();
      assert.deepEqual([username, password], [undefined, undefined]);
      await untilState(page, "connected");
      assert.deepEqual(faults, [undefined]);
      assert.doesNotMatch(await everythingKept(page), /secret-/);
      assert.doesNotMatch(String(await page.locator("body").textContent()), /secret-|Signature=/);
      await page.getByTestId("disconnect").click();
      await peer.expect("disconnect");
      peer.close(1000);
      await untilState(page, "closed");
    } finally {
      await server.stop();
    }
  });

  test("and says what works and should not be so, with a remedy", async ({ page, offences }) => {
    const server = await ScriptedServer.start();
    try {
      // This machine, by a name that says nothing of it.
      await page.getByTestId("url").fill(`ws://[::ffff:127.0.0.1]:${server.port}/mqtt`);
      await page.getByTestId("connect").click();
      const peer = await server.peer();
      await peer.accept();
      await untilState(page, "connected");
      const warnings = page.getByTestId("warnings");
      await warnings.filter({ hasText: /can be read and changed.*Use wss:/ }).waitFor();
      await page.getByTestId("disconnect").click();
      await peer.expect("disconnect");
      peer.close(1000);
      await untilState(page, "closed");
      assert.equal(await warnings.isVisible(), false);
      await page.getByTestId("url").fill(server.url);
      await page.getByTestId("connect").click();
      await (await server.peer()).accept();
      await untilState(page, "connected");
      assert.equal(await warnings.isVisible(), false);
      offences.list = offences.list.filter((text) => !/left the machine: ws:..\[::ffff/.test(text));
    } finally {
      await page.getByTestId("disconnect").click();
      await server.stop();
    }
  });
});
