// @ts-check
// A server that reads slowly: what is published waits with the client, which says so, and not in the browser.

import assert from "node:assert/strict";
import { errorOf } from "./harness/page_client.mjs";
import { connectedPair, describeScripted, titleOf, VERSIONS } from "./suites/scripted.mjs";

describeScripted("back-pressure", (test) => {
  for (const version of VERSIONS) {
    test(`${titleOf(version)}: ready() waits until the server has read`, async (setup) => {
      const { client, peer } = await connectedPair(setup, { version, keepalive: 0 });
      peer.pause();
      // More than the sockets of both sides hold by themselves.
      const held = await client.flood(64, 1_000_000);
      assert.equal(held.writable, false);
      assert.ok(held.waiting > 0, "some publishes are not sent");
      peer.resume();
      assert.deepEqual(await client.ready(), { value: null });
      const arrived = () => peer.packets.items.filter(({ cmd }) => cmd === "publish");
      await peer.packets.until(
        () => (arrived().length === 64 ? true : undefined),
        () => `64 publishes, ${arrived().length} came`,
      );
    });
  }

  test("ready() rejects when the client ends", async (setup) => {
    const { client, peer } = await connectedPair(setup, { keepalive: 0 });
    peer.pause();
    await client.flood(64, 1_000_000);
    const ready = await client.startReady();
    await client.end({ force: true });
    errorOf(await ready.outcome(), "closed");
    errorOf(await client.ready(), "closed");
  });
});
