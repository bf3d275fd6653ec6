// @ts-check
// What a client leaves behind in the browser: nothing in its storage, and no secret where others look.

import assert from "node:assert/strict";
import { resultOf } from "./harness/page_client.mjs";
import { connectedPair, describeScripted, quick } from "./suites/scripted.mjs";

describeScripted("what a client leaves behind", (test) => {
  test("nothing is written to the browser's storage", async (setup) => {
    const { client, peer } = await connectedPair(setup, { clean: false, sessionExpiry: 600 });
    const publishing = client.publish("a/b", "21.5", { qos: 1 });
    await peer.acknowledgePublish();
    resultOf(await publishing);
    // One that stays in flight.
    await client.startPublish("a/c", "22.5", { qos: 2 });
    await peer.expect("publish");
    const found = await setup.bench.page.evaluate(async () => ({
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      databases: await indexedDB.databases(),
      caches: await caches.keys(),
      cookies: document.cookie,
    }));
    const nothing = { local: [], session: [], databases: [], caches: [], cookies: "" };
    assert.deepEqual(found, nothing);
  });

  test("credentials of the URL are in no URL and in no error", async ({ bench, server }) => {
    const url = server.url.replace("://", "://ann:p%40ssword@");
    const client = await bench.client(url, quick);
    const connecting = client.connect();
    const peer = await server.peer();
    const connect = await peer.refuse(0x86);
    assert.deepEqual([connect.username, String(connect.password)], ["ann", "p@ssword"]);
    const outcome = JSON.stringify([await connecting, await client.history()]);
    assert.match(outcome, /bad user name or password/);
    assert.doesNotMatch(outcome, /p@ssword|p%40ssword/);
    assert.equal(bench.sockets.length, 1);
    assert.doesNotMatch(String(bench.sockets), /ann|p@ssword|p%40ssword/);
  });

  test("no secret is in the console, in an error or an event, or in what a client shows of itself", async (setup) => {
    /** @type {string[]} */
    const said = [];
    setup.bench.page.on("console", (message) => said.push(message.text()));
    const { bench, server } = setup;
    const result = bench.page.evaluate(async (url) => {
      const { webmqtt, describeError } = globalThis.bench;
      /** @type {any[]} */
      const shown = [];
      const show = (/** @type {any} */ value) => {
        const all = JSON.stringify(value, (_, inner) =>
          inner instanceof Error
            ? { ...describeError(inner), stack: inner.stack, ...inner }
            : inner,
        );
        shown.push(all, String(value));
      };
      let tokens = 0;
      const client = await webmqtt.createClient(`${url}?s=secret-query`, {
        username: "secret-name",
        password: () => `secret-token-${++tokens}`,
        will: { topic: "w", payload: "secret-will" },
        reconnect: { min: 1, max: 5 },
      });
      client.on("state", show);
      client.on("error", show);
      client.on("connect", show);
      await client.connect().catch(show);
      await client.connect().catch(show);
      show(client);
      show(client.stats());
      show(Object.getOwnPropertyNames(client).map((name) => client[name]));
      await client.publish("t", "x", { qos: 1, timeout: 20 }).catch(show);
      await client.end();
      return shown.join("\n");
    }, server.url);
    await (await server.peer()).refuse(0x86);
    const peer = await server.peer();
    const connect = await peer.accept();
    assert.equal(String(connect.password), "secret-token-2");
    const shown = await result;
    assert.match(shown, /bad user name or password/);
    assert.match(shown, /timeout/);
    assert.doesNotMatch(shown, /secret/);
    assert.deepEqual(said, []);
  });
});
