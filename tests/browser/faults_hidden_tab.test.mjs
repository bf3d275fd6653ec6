// @ts-check
// A tab behind another one, whose timers Chromium runs once a minute: the keep-alive goes on, and a broker that closes
// connections as it may, after one and a half times the keep-alive without a packet, has no reason to.
//
// The suite has a short one; WEBMQTT_HIDDEN=full has ten minutes with a keep-alive of 30 seconds.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { endAll } from "./harness/ending.mjs";
import { END, START, TEST } from "./harness/patience.mjs";
import { RawChromium } from "./harness/raw_chromium.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { serveSite } from "./harness/site.mjs";

const FULL = process.env.WEBMQTT_HIDDEN === "full";
/** In seconds. */
const [KEEP_ALIVE, LENGTH] = FULL ? [30, 600] : [10, 85];

/** Without them the throttling begins after five minutes. */
const SOON = [
  "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/5,QuickIntensiveWakeUpThrottlingAfterLoading",
  "--intensive-wake-up-throttling-policy=1",
];

describe(`a hidden tab for ${LENGTH} seconds`, () => {
  /** @type {RawChromium} */
  let browser;
  /** @type {Awaited<ReturnType<typeof serveSite>>} */
  let site;
  before(
    async () => {
      site = await serveSite();
      browser = await RawChromium.start(SOON);
    },
    { timeout: START },
  );
  after(() => endAll([() => browser?.stop(), () => site?.close()]), { timeout: END });

  const timeout = LENGTH * 1_000 + TEST;
  test("keeps its connection while its timers come once a minute", { timeout }, async (t) => {
    const server = await ScriptedServer.start();
    try {
      const tab = await browser.open(site.origin);
      const next = server.peer();
      const connecting = tab.evaluate(`(async () => {
        const { createClient } = await import("/pkg/dist/index.js");
        globalThis.states = [];
        globalThis.client = await createClient("${server.url}", { keepalive: ${KEEP_ALIVE} });
        client.on("state", ({ state }) => states.push(state));
        await client.connect();
        // What becomes of a chain of timers, for comparison.
        globalThis.ticks = [];
        const tick = () => {
          ticks.push(performance.now());
          setTimeout(tick, 1_000);
        };
        tick();
      })()`);
      const peer = await next;
      await peer.accept();
      await connecting;
      await browser.open(`${site.origin}/page/index.html?front`);
      await tab.until("document.hidden");
      const hidden = performance.now();
      /** @type {number[]} */
      const gaps = [];
      for (let last = hidden; performance.now() < hidden + LENGTH * 1_000; ) {
        await peer.packets.until(
          // Behind the CONNECT.
          (packets) => packets[gaps.length + 1],
          () => `another packet, after ${gaps} seconds`,
          last + 1_500 * KEEP_ALIVE - performance.now(),
        );
        peer.send({ cmd: "pingresp" });
        gaps.push(Math.round((performance.now() - last) / 100) / 10);
        last = performance.now();
      }
      const [states, ticks] = await tab.evaluate("[states, [...ticks, performance.now()]]");
      const pauses = ticks
        .slice(1)
        .map((/** @type {number} */ at, /** @type {number} */ nth) =>
          Math.round((at - ticks[nth]) / 1_000),
        );
      t.diagnostic(
        `keep-alive ${KEEP_ALIVE} s, hidden for ${LENGTH} s: a PINGREQ after ${gaps.join(", ")} s; ` +
          `the longest pause of a chain of timers of one second: ${Math.max(...pauses)} s`,
      );
      assert.ok(Math.max(...pauses) >= 30, `the tab's timers were not throttled: ${pauses}`);
      assert.deepEqual(states, ["connecting", "connected"]);
      assert.deepEqual(new Set(peer.kinds().slice(1)), new Set(["pingreq"]));
      assert.equal(server.peers.items.length, 1);
    } finally {
      await server.stop();
    }
  });
});
