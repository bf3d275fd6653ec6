// @ts-check
// client.stats(): what has gone over the wire, what waits, and how the connection is.

import assert from "node:assert/strict";
import { describeInNode } from "./suites/in_node.mjs";

/** @param {import("./harness/scripted_server.mjs").Peer} peer */
const received = (peer) => peer.messages.reduce((sum, length) => sum + length, 0);

describeInNode("numbers about a client", (test) => {
  test("begin at nothing", async ({ made }) => {
    const client = await made();
    const none = { bytesIn: 0, bytesOut: 0, inFlight: 0, queuedMessages: 0, queuedBytes: 0 };
    const { roundTrip, ...rest } = client.stats();
    assert.equal(roundTrip, undefined);
    assert.deepEqual(rest, { ...none, messagesIn: 0, messagesOut: 0, connections: 0 });
  });

  test("say what waits, with and without a connection", async ({ made, server }) => {
    const client = await made();
    const publishing = [
      client.publish("a", "x", { qos: 1 }),
      client.publish("a", new Uint8Array(1000), { qos: 1 }),
    ];
    const before = client.stats();
    assert.equal(before.queuedMessages, 2);
    assert.ok(before.queuedBytes > 1000 && before.queuedBytes < 1100);
    void client.connect();
    const peer = await server.peer();
    await peer.accept();
    const [one, other] = [await peer.expect("publish"), await peer.expect("publish")];
    const { inFlight, queuedMessages, queuedBytes } = client.stats();
    assert.deepEqual(
      { inFlight, queuedMessages, queuedBytes },
      { inFlight: 2, queuedMessages: 0, queuedBytes: 0 },
    );
    assert.equal(before.queuedMessages, 2, "numbers do not change afterwards");
    for (const { messageId } of [one, other])
      peer.send({ cmd: "puback", messageId, reasonCode: 0 });
    await Promise.all(publishing);
    assert.equal(client.stats().inFlight, 0);
    assert.equal(client.stats().messagesOut, 2);
  });

  test("count bytes and messages over all connections, also after the end", async ({
    connected,
    server,
  }) => {
    const started = Date.now();
    const { client, peer } = await connected();
    const subscribing = client.subscribe("a");
    await peer.grantSubscribe();
    const [first] = [await subscribing];
    const packet = { cmd: "publish", topic: "a", payload: "21.5", qos: 0 };
    peer.send(packet);
    peer.send(packet);
    let seen = 0;
    for await (const _ of first) if (++seen === 2) break;
    await peer.expect("unsubscribe");
    assert.equal(client.stats().messagesIn, 2);
    assert.equal(client.stats().bytesOut, received(peer));
    const bytesIn = client.stats().bytesIn;
    assert.ok(bytesIn >= 2 * peer.encode(packet).length);
    const { connections, connectedSince = 0 } = client.stats();
    assert.equal(connections, 1);
    assert.ok(connectedSince >= started && connectedSince <= Date.now());

    peer.drop();
    const again = await server.peer();
    await again.accept();
    await client.publish("b", "x");
    await again.expect("publish");
    const ended = client.stats();
    assert.equal(ended.connections, 2);
    assert.equal(ended.bytesOut, received(peer) + received(again));
    assert.ok(ended.bytesIn > bytesIn);
    await client.end({ force: true });
    assert.deepEqual(client.stats(), ended);
  });

  test("have the time of a ping and its answer", async ({ connected }) => {
    const begun = performance.now();
    const { client, peer } = await connected({ keepalive: 1 });
    await peer.expect("pingreq");
    assert.equal(client.stats().roundTrip, undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    peer.send({ cmd: "pingresp" });
    while (client.stats().roundTrip === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const passed = performance.now() - begun;
    const { roundTrip = 0 } = client.stats();
    // Without the three quarters of the keep-alive that came before the ping, or almost.
    assert.ok(roundTrip >= 49 && roundTrip <= passed - 500, `${roundTrip} of ${passed} ms`);
  });
});
