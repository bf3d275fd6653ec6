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
});
