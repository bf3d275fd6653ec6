// @ts-check
// What a client leaves behind when it has ended, however it got there: no timer, no listener, no socket, no lock, no
// database, nothing of WebAssembly. It is counted inside the page, from before the package was loaded.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { useLab } from "./harness/lab.mjs";
import { ObligingServer } from "./harness/obliging_server.mjs";
import { ARRIVAL, TEST } from "./harness/patience.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** A life of `page/lives.js`, and what it has to come to. @type {[title: string, name: string, expected: unknown][]} */
const LIVES = [
  ["a conversation with every QoS, and end()", "conversation", 3],
  ["end() with force while calls wait", "force", ["closed", "closed", "closed"]],
  ["end() of one that never connected", "neverConnected", ["closed", "closed", "closed"]],
  ["end() while connecting", "endedWhileConnecting", "closed"],
  ["end() while waiting for the next attempt", "endedWhileWaiting", "connection-lost"],
  ["end() while a password is asked for", "endedWhileAsking", "closed"],
  ["connect() that is refused, with nothing to end", "refused", "connect-refused"],
  ["connect() that is dropped, with nothing to end", "dropped", "connection-lost"],
  ["connect() that is not answered, with nothing to end", "unanswered", "connect-timeout"],
  ["connect() to where nobody listens", "unreachable", "unreachable"],
  ["connect() to a URL that is none", "malformed", "url-invalid"],
  ["connect() with an option that cannot be", "impossible", "option-invalid"],
  ["connect() that a signal aborts, with nothing to end", "aborted", "aborted"],
  ["calls with a signal that lives on", "signals", "closed"],
  ["a session in the browser's storage", "stored", "closed"],
  [
    "connect() that is refused, with a session in the browser's storage",
    "storedRefused",
    "connect-refused",
  ],
  ["a client id for itself alone", "exclusive", ["client-id-in-use", "aborted", "resolved"]],
  ["every feature there is", "everything", ["answer", "closed"]],
];

/** @param {Page} page */
const held = (page) => page.evaluate(() => globalThis.ledger.held());

/** Waits until the page holds no more than that; a socket takes a moment to close. @param {Page} page @param {string[]} wanted */
async function assertHeld(page, wanted) {
  const end = performance.now() + ARRIVAL;
  let now = await held(page);
  while (now.join("\n") !== wanted.join("\n") && performance.now() < end) {
    await delay(20);
    now = await held(page);
  }
  assert.deepEqual(now, wanted);
}

describe("a client that has ended leaves nothing behind", () => {
  const lab = useLab();
  /** @type {ObligingServer} */
  let server;
  before(async () => {
    server = await ObligingServer.start();
  });
  after(() => server?.stop());

  for (const [title, name, expected] of LIVES) {
    const body = lab.withPage(
      async ({ page }) => {
        await page.evaluate(() => import(/** @type {any} */ ("/page/lives.js")));
        // The module is loaded with the first client, and stays.
        await page.evaluate((origin) => globalThis.lives.conversation(origin), server.origin);
        const before = await held(page);
        for (let round = 0; round < 3; round++) {
          const result = await page.evaluate(
            ([name, origin]) => globalThis.lives[name](origin),
            /** @type {const} */ ([name, server.origin]),
          );
          assert.deepEqual(result, expected);
        }
        await assertHeld(page, before);
      },
      { ledger: true },
    );
    test(title, { timeout: TEST }, body);
  }

  test("while it is there, everything is counted", { timeout: TEST }, (t) =>
    lab.withPage(
      async ({ page }) => {
        const before = await held(page);
        await page.evaluate(async (origin) => {
          const { webmqtt } = globalThis.bench;
          globalThis.bench.calls.kept = await webmqtt.connect(`${origin}/mqtt`);
        }, server.origin);
        const during = (await held(page)).filter((one) => !before.includes(one));
        for (const kind of ["setTimeout", "WebSocket", "onmessage", "Window pageshow", "Engine"]) {
          assert.ok(
            during.some((one) => one.includes(kind)),
            `${kind} in ${during}`,
          );
        }
      },
      { ledger: true },
    )(t),
  );
});
