// @ts-check
// What becomes of a client when its page is put into the back/forward cache or shown again: in a window, where the
// client hears of it, and in a worker, which the page tells. The same in every engine, as far as the engine goes.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { endAll } from "../harness/ending.mjs";
import { ENGINES } from "../harness/engines/engine.mjs";
import { ARRIVAL, END, START, TEST } from "../harness/patience.mjs";
import { ScriptedServer } from "../harness/scripted_server.mjs";
import { serveSite } from "../harness/site.mjs";
import { never } from "./scripted.mjs";

/** @typedef {import("../harness/engines/engine.mjs").Tab} Tab */
/** @typedef {import("../harness/scripted_server.mjs").Peer} Peer */

/** Only the page's return can end the waiting. */
const OPTIONS = { clientId: "page", keepalive: 60, ...never };

/** The states of a client whose page was put away and came back. */
const CAME_BACK = ["connecting", "connected", "waiting suspended", "connecting", "connected"];

/** Asks until an expression is true. @param {Tab} tab @param {string} expression */
async function until(tab, expression) {
  const end = performance.now() + ARRIVAL;
  // While a page is being replaced there is nothing to ask.
  while (!(await tab.evaluate(expression).catch(() => false))) {
    if (performance.now() > end) throw new Error(`waited ${ARRIVAL} ms for ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @param {import("../harness/engines/engine.mjs").EngineName} engine */
export function pageLifeTests(engine) {
  const { title, facts, start } = ENGINES[engine];
  /** @type {import("../harness/engines/engine.mjs").Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  before(
    async () => {
      site = await serveSite();
      browser = await start();
    },
    { timeout: START },
  );
  after(() => endAll([() => browser?.stop(), () => site?.close()]), { timeout: END });

  for (const place of /** @type {const} */ (["window", "worker"])) {
    /** @param {string} name @param {(setup: { tab: Tab, peer: Peer, server: ScriptedServer }) => Promise<void>} body */
    const withPage = (name, body) =>
      test(name, { timeout: TEST }, async () => {
        const server = await ScriptedServer.start();
        const tab = await browser.open(`${site.origin}/page/index.html`);
        try {
          const next = server.peer();
          const parameters = JSON.stringify([place, server.url, OPTIONS]);
          await tab.evaluate(
            `import("/page/life.js").then(({ start }) => start(...${parameters}))`,
          );
          const peer = await next;
          await peer.accept();
          await until(tab, `states.at(-1) === "connected"`);
          await body({ tab, peer, server });
        } finally {
          await tab.close();
          await server.stop();
        }
      });

    /** The page is left and comes back. @param {Tab} tab @param {ScriptedServer} server */
    const comeBack = async (tab, server) => {
      const next = server.peer();
      await tab.evaluate("void setTimeout(() => history.back(), 10)");
      await (await next).accept();
      await until(tab, `globalThis.states?.at(-1) === "connected"`);
    };

    describe(`${title}, ${place}: the page's life`, () => {
      if (facts.keepsPagesWithSockets) {
        if (place === "window") {
          const name = "a page that is put away says DISCONNECT, and is back at once";
          withPage(name, async ({ tab, peer, server }) => {
            await tab.goto(`${site.origin}/page/index.html?other`);
            await peer.expect("disconnect");
            await peer.expectClose();
            await comeBack(tab, server);
            assert.deepEqual(await tab.evaluate("states"), CAME_BACK);
          });
        } else {
          // Chromium may freeze a worker before it has read what its page told it: then it says DISCONNECT when it is back.
          for (const [which, prepare] of /** @type {const} */ ([
            ["whose page is put away", "0"],
            ["that is busy when its page is put away", "keepBusy()"],
          ])) {
            const name = `a worker ${which} has said DISCONNECT when it is back`;
            withPage(name, async ({ tab, peer, server }) => {
              await tab.evaluate(prepare);
              await tab.goto(`${site.origin}/page/index.html?other`);
              await comeBack(tab, server);
              await peer.expect("disconnect");
              await peer.expectClose();
              assert.deepEqual(await tab.evaluate("states"), CAME_BACK);
            });
          }
        }
      } else {
        withPage("a page with a connection is not put away, it is gone", async (setup) => {
          const { tab, peer } = setup;
          await tab.goto(`${site.origin}/page/index.html?other`);
          await peer.expectClose();
          assert.deepEqual(peer.kinds(), ["connect"]);
          await tab.evaluate("void setTimeout(() => history.back(), 10)");
          await until(tab, `!location.search && document.readyState === "complete"`);
          assert.equal(await tab.evaluate("globalThis.states === undefined"), true);
        });
      }

      withPage("a client that was suspended is back with its page", async (setup) => {
        const { tab, peer, server } = setup;
        await tab.evaluate("void suspend()");
        await peer.expect("disconnect");
        peer.close();
        await peer.expectClose();
        await until(tab, `states.at(-1).startsWith("waiting") && closedSockets() === 1`);
        await tab.goto(`${site.origin}/page/index.html?other`);
        await comeBack(tab, server);
      });

      withPage("a network that comes back ends the waiting", async (setup) => {
        const { tab, peer, server } = setup;
        peer.drop();
        await until(tab, `states.at(-1) === "waiting connection-lost"`);
        const next = server.peer();
        await tab.evaluate(`void dispatchEvent(new Event("online"))`);
        await (await next).accept();
        await until(tab, `states.at(-1) === "connected"`);
      });

      if (!facts.hidesTabs) return;
      withPage("a tab that comes to the front ends the waiting", async (setup) => {
        const { tab, peer, server } = setup;
        const front = await browser.open(`${site.origin}/page/index.html?front`);
        await until(tab, "document.hidden");
        peer.drop();
        await until(tab, `states.at(-1) === "waiting connection-lost"`);
        const next = server.peer();
        await tab.show?.();
        await (await next).accept();
        await until(tab, `states.at(-1) === "connected"`);
        await front.close();
      });
    });
  }
}
