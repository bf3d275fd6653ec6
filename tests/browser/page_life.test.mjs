// @ts-check
// What a page lives through in a real browser: the back/forward cache, a freeze, a tab in front of it. The server is
// scripted, so that it can say when it heard what.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { endAll } from "./harness/ending.mjs";
import { END, START, TEST } from "./harness/patience.mjs";
import { RawChromium } from "./harness/raw_chromium.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { serveSite } from "./harness/site.mjs";
import { never } from "./suites/scripted.mjs";

/** @typedef {import("./harness/raw_chromium.mjs").Tab} Tab */

/** @type {RawChromium} */
let browser;
/** @type {Awaited<ReturnType<typeof serveSite>>} */
let site;

before(
  async () => {
    site = await serveSite();
    browser = await RawChromium.start();
  },
  { timeout: START },
);

after(() => endAll([() => browser?.stop(), () => site?.close()]), { timeout: END });

/**
 * A page with a connected client in `globalThis.client`, which writes down its states in `globalThis.states`, and the
 * server's end of it.
 * @param {ScriptedServer} server @param {object} [options]
 */
async function connectedPage(server, options = {}) {
  const tab = await browser.open(site.origin);
  // What comes back, comes back because of the page.
  const all = { clientId: "page", keepalive: 60, ...never, ...options };
  const next = server.peer();
  const connecting = tab.evaluate(`(async () => {
    const { createClient } = await import("/pkg/dist/index.js");
    globalThis.states = [];
    globalThis.client = await createClient(${JSON.stringify(server.url)}, ${JSON.stringify(all)});
    client.on("state", ({ state, cause }) => states.push(cause ? state + " " + cause.code : state));
    await client.connect();
  })()`);
  const peer = await next;
  await peer.accept();
  await connecting;
  return { tab, peer };
}

/** @param {string} name @param {(server: ScriptedServer) => Promise<void>} body */
function scripted(name, body) {
  test(name, { timeout: TEST }, async () => {
    const server = await ScriptedServer.start();
    try {
      await body(server);
    } finally {
      await server.stop();
    }
  });
}

describe("a page in the back/forward cache", () => {
  scripted("says DISCONNECT, and connects at once when it comes back", async (server) => {
    const { tab, peer } = await connectedPage(server);
    await tab.goto(`${site.origin}/page/index.html?other`);
    await peer.expect("disconnect");
    await peer.expectClose();
    const next = server.peer();
    await tab.evaluate("void setTimeout(() => history.back(), 10)");
    const again = await next;
    await again.accept();
    await tab.until(`globalThis.client?.state === "connected"`);
    const states = await tab.evaluate("states");
    assert.deepEqual(states, [
      "connecting",
      "connected",
      "waiting suspended",
      "connecting",
      "connected",
    ]);
    await tab.close();
  });
});

describe("a page in the back/forward cache that goes in its own words", () => {
  scripted("publishes, says DISCONNECT, and is back with the page", async (server) => {
    const { tab, peer } = await connectedPage(server, { pageHide: "keep" });
    await tab.evaluate(`addEventListener("pagehide", (event) => {
      if (event.persisted) {
        const told = client.publish("panels/7/state", "away", { retain: true });
        void told.finally(() => client.suspend());
      }
    })`);
    await tab.goto(`${site.origin}/page/index.html?other`);
    const { topic, payload } = await peer.expect("publish");
    assert.deepEqual([topic, String(payload)], ["panels/7/state", "away"]);
    await peer.expect("disconnect");
    await peer.expectClose();
    const next = server.peer();
    await tab.evaluate("void setTimeout(() => history.back(), 10)");
    await (await next).accept();
    await tab.until(`globalThis.client?.state === "connected"`);
    await tab.close();
  });
});

describe("a frozen page", () => {
  scripted(
    "finds its connection closed when it thaws, and makes a new one at once",
    async (server) => {
      const { tab, peer } = await connectedPage(server);
      const front = await browser.open(`${site.origin}/page/index.html?front`);
      await tab.freeze();
      peer.close(1001);
      const next = server.peer();
      await tab.thaw();
      await tab.show();
      const again = await next;
      await again.accept();
      await tab.until(`client.state === "connected"`);
      await front.close();
      await tab.close();
    },
  );
});

describe("a tab that comes to the front", () => {
  scripted("ends the waiting for the next attempt", async (server) => {
    const { tab, peer } = await connectedPage(server);
    const front = await browser.open(`${site.origin}/page/index.html?front`);
    await tab.until("document.hidden");
    peer.drop();
    await tab.until(`client.state === "waiting"`);
    const next = server.peer();
    await tab.show();
    const again = await next;
    await again.accept();
    await tab.until(`client.state === "connected"`);
    await front.close();
    await tab.close();
  });

  scripted(
    "asks a server that says nothing for a sign of life, and replaces it",
    async (server) => {
      const { tab, peer } = await connectedPage(server);
      const front = await browser.open(`${site.origin}/page/index.html?front`);
      await tab.until("document.hidden");
      // A packet that was heard within the last two seconds is sign enough.
      await new Promise((resolve) => setTimeout(resolve, 2_100));
      const next = server.peer();
      await tab.show();
      await peer.expect("pingreq");
      // Nobody answers.
      const again = await next;
      await again.accept();
      await tab.until(`client.state === "connected"`);
      const states = await tab.evaluate("states");
      assert.deepEqual(states.slice(2), ["waiting keepalive-timeout", "connecting", "connected"]);
      await front.close();
      await tab.close();
    },
  );
});

describe("a page without a network", () => {
  scripted("connects at once when the network is back", async (server) => {
    const { tab, peer } = await connectedPage(server);
    const network = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await tab.send("Network.enable");
    await tab.send("Network.emulateNetworkConditions", { ...network, offline: true });
    await tab.until("!navigator.onLine");
    peer.drop();
    await tab.until(`client.state === "waiting"`);
    await tab.evaluate(`void client.publish("queued", "x", { qos: 1 })`);
    const next = server.peer();
    await tab.send("Network.emulateNetworkConditions", { ...network, offline: false });
    const again = await next;
    await again.accept();
    assert.equal((await again.acknowledgePublish()).topic, "queued");
    await tab.close();
  });
});

describe("a page that wakes up with a token that has expired", () => {
  scripted("asks for another one, and goes on without a reload", async (server) => {
    const tab = await browser.open(site.origin);
    const next = server.peer();
    const connecting = tab.evaluate(`(async () => {
      const { createClient } = await import("/pkg/dist/index.js");
      let token = 0;
      globalThis.client = await createClient(${JSON.stringify(server.url)}, {
        clientId: "page",
        clean: false,
        username: "ann",
        password: async () => "token " + (token += 1),
        reconnect: { min: 500, max: 1_000 },
      });
      await client.connect();
      void client.publish("kept", "x", { qos: 1 });
    })()`);
    const peer = await next;
    assert.equal(String((await peer.accept()).password), "token 1");
    await connecting;
    await peer.expect("publish");
    const front = await browser.open(`${site.origin}/page/index.html?front`);
    await tab.freeze();
    peer.drop();
    const second = server.peer();
    await tab.thaw();
    await tab.show();
    // The one that the application still had is too old by now.
    const refused = await (await second).refuse(0x87);
    assert.equal(String(refused.password), "token 2");
    const third = await server.peer();
    assert.equal(String((await third.accept({ sessionPresent: true })).password), "token 3");
    assert.equal((await third.acknowledgePublish()).topic, "kept");
    await tab.until(`client.state === "connected"`);
    await front.close();
    await tab.close();
  });
});

describe("a visible page", () => {
  scripted("finds a dead server within one and a half keep-alives", async (server) => {
    const { tab, peer } = await connectedPage(server, { keepalive: 4 });
    // The page's own timers, a little behind those of the client: on a busy machine all of them are late, in this order.
    await tab.evaluate(`void setTimeout(
      () => setTimeout(() => states.push("and a half"), 3_500),
      4_000,
    )`);
    await peer.expect("pingreq");
    // A server that neither answers nor closes.
    await tab.until(`states.includes("and a half")`);
    const states = await tab.evaluate("states");
    assert.deepEqual(states, [
      "connecting",
      "connected",
      "waiting keepalive-timeout",
      "and a half",
    ]);
    await tab.close();
  });
});

describe("a client that has ended", () => {
  scripted("listens to nothing any more", async (server) => {
    const { tab, peer } = await connectedPage(server);
    const listeners = `Object.keys(getEventListeners(window)).filter((name) =>
      ["visibilitychange", "resume", "online", "pagehide", "pageshow"].includes(name)).length`;
    assert.equal(await tab.evaluate(listeners), 5);
    const ending = tab.evaluate("client.end()");
    await peer.expect("disconnect");
    peer.close(1000);
    await ending;
    await tab.until(`(${listeners}) === 0`);
    await tab.close();
  });
});
