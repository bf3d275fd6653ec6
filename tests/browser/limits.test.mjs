// @ts-check
// What a broker may limit or refuse: it is found before sending where the broker announced it, and
// reported with the broker's reason where it did not.

import assert from "node:assert/strict";
import { errorOf, resultOf } from "./harness/page_client.mjs";
import { connectedPair, describeScripted, quick } from "./suites/scripted.mjs";

/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */
/** @typedef {import("./harness/page_client.mjs").PageClient} PageClient */

/**
 * The next thing that the server sees is this publish: nothing was sent before it.
 * @param {PageClient} client @param {Peer} peer
 */
async function assertNothingSent(client, peer) {
  const marker = await client.startPublish("marker", "", { qos: 1 });
  assert.equal((await peer.acknowledgePublish()).topic, "marker");
  resultOf(await marker.outcome());
  assert.equal(await client.state(), "connected");
}

describeScripted("what a broker limits or refuses", (test) => {
  test("a publish above the broker's Maximum Packet Size is refused locally", async (setup) => {
    const limit = { properties: { maximumPacketSize: 100 } };
    const { client, peer } = await connectedPair(setup, {}, limit);
    for (const qos of [0, 1, 2]) {
      errorOf(await client.publish("large", "x".repeat(200), { qos }), "packet-too-large");
    }
    await assertNothingSent(client, peer);
  });

  test("a publish above the broker's Maximum QoS is refused locally", async (setup) => {
    const limit = { properties: { maximumQoS: 1 } };
    const { client, peer } = await connectedPair(setup, {}, limit);
    errorOf(await client.publish("t", "x", { qos: 2 }), "qos-not-supported");
    await assertNothingSent(client, peer);
  });

  test("a retained publish to a broker without retained messages is refused locally", async (setup) => {
    const limit = { properties: { retainAvailable: false } };
    const { client, peer } = await connectedPair(setup, {}, limit);
    errorOf(await client.publish("t", "x", { retain: true }), "retain-not-supported");
    await assertNothingSent(client, peer);
  });

  test("what was queued before the limit was known fails, and the rest arrives", async (setup) => {
    const { bench, server } = setup;
    const client = await bench.client(server.url, quick);
    const exact = await client.startPublish("exact", "x", { qos: 2 });
    const large = await client.startPublish("large", "x".repeat(200), { qos: 1 });
    const fine = await client.startPublish("fine", "x", { qos: 1 });
    const limit = { properties: { maximumQoS: 1, maximumPacketSize: 100 } };
    const [connected] = await Promise.all([
      client.connect(),
      server.peer().then(async (peer) => {
        await peer.accept(limit);
        assert.equal((await peer.acknowledgePublish()).topic, "fine");
      }),
    ]);
    resultOf(connected);
    errorOf(await exact.outcome(), "qos-not-supported");
    errorOf(await large.outcome(), "packet-too-large");
    resultOf(await fine.outcome());
  });

  test("no more than the broker's Receive Maximum are in flight, in order", async (setup) => {
    const limit = { properties: { receiveMaximum: 2 } };
    const { client, peer } = await connectedPair(setup, {}, limit);
    const publishing = client.publishSeries("t", 1, 10, { qos: 1 });
    /** @type {(number | undefined)[]} */
    const open = [];
    for (let number = 1; number <= 10; number++) {
      const { payload, messageId } = await peer.expect("publish");
      assert.equal(payload.toString(), String(number));
      open.push(messageId);
      assert.ok(open.length <= 2, `${open.length} in flight`);
      if (number === 1) continue;
      assert.equal(peer.packets.items.length, number + 1, "nothing came ahead of its turn");
      peer.send({ cmd: "puback", messageId: open.shift(), reasonCode: 0 });
    }
    peer.send({ cmd: "puback", messageId: open.shift(), reasonCode: 0 });
    for (const outcome of await publishing) resultOf(outcome);
  });

  test("a full queue refuses further publishes and keeps what it has", async (setup) => {
    const { bench, server } = setup;
    const client = await bench.client(server.url, { ...quick, queue: { messages: 2 } });
    const first = await client.startPublish("queued/1", "x", { qos: 1 });
    const second = await client.startPublish("queued/2", "x", { qos: 1 });
    errorOf(await client.publish("queued/3", "x", { qos: 1 }), "queue-full");
    const [connected] = await Promise.all([
      client.connect(),
      server.peer().then(async (peer) => {
        await peer.accept();
        assert.equal((await peer.acknowledgePublish()).topic, "queued/1");
        assert.equal((await peer.acknowledgePublish()).topic, "queued/2");
      }),
    ]);
    resultOf(connected);
    resultOf(await first.outcome());
    resultOf(await second.outcome());
    assert.equal(await client.state(), "connected");
  });

  for (const [qos, acknowledgement] of /** @type {const} */ ([
    [1, "puback"],
    [2, "pubrec"],
  ])) {
    test(`a publish refused by ${acknowledgement.toUpperCase()} tells the reason`, async (setup) => {
      const { client, peer } = await connectedPair(setup, {});
      const refused = await client.startPublish("t", "x", { qos });
      const { messageId } = await peer.expect("publish");
      peer.send({ cmd: acknowledgement, messageId, reasonCode: 0x87 });
      errorOf(await refused.outcome(), "publish-refused", 0x87);
      await assertNothingSent(client, peer);
    });
  }

  test("a publish without a subscriber succeeds and says so", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const lonely = await client.startPublish("t", "x", { qos: 1 });
    const { messageId } = await peer.expect("publish");
    peer.send({ cmd: "puback", messageId, reasonCode: 0x10 });
    assert.deepEqual(resultOf(await lonely.outcome()), { qos: 1, reasonCode: 0x10 });
  });

  for (const [version, code, reasonCode] of /** @type {const} */ ([
    [5, 0x87, 0x87],
    [5, 0x8f, 0x8f],
    [4, 0x80, 0x80],
  ])) {
    test(`version ${version}: a SUBACK with 0x${code.toString(16)} rejects the subscribe`, async (setup) => {
      const { client, peer } = await connectedPair(setup, { version });
      const subscribing = client.subscribe("secret/#", { qos: 1 });
      const { messageId } = await peer.expect("subscribe");
      peer.send({ cmd: "suback", messageId, granted: [code] });
      errorOf(await subscribing, "subscribe-refused", reasonCode);
      await assertNothingSent(client, peer);
    });
  }

  test("of several filters each has its own result", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const subscribing = client.subscribe(["a", "secret", "c"], { qos: 2 });
    const { messageId } = await peer.expect("subscribe");
    peer.send({ cmd: "suback", messageId, granted: [1, 0x87, 0] });
    const { results } = resultOf(await subscribing).grant;
    assert.deepEqual(
      results.map(({ filter, qos, error }) => [filter, qos, error?.code, error?.reasonCode]),
      [
        ["a", 1, undefined, undefined],
        ["secret", undefined, "subscribe-refused", 0x87],
        ["c", 0, undefined, undefined],
      ],
    );
  });

  test("an UNSUBACK with a refusal rejects the unsubscribe", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const subscribing = client.subscribe("t");
    await peer.grantSubscribe();
    const leaving = resultOf(await subscribing).unsubscribe();
    const { messageId } = await peer.expect("unsubscribe");
    peer.send({ cmd: "unsuback", messageId, granted: [0x87] });
    errorOf(await leaving, "unsubscribe-refused", 0x87);
  });

  test("a shared or wildcard filter that the broker does not support is refused locally", async (setup) => {
    const limit = {
      properties: { sharedSubscriptionAvailable: false, wildcardSubscriptionAvailable: false },
    };
    const { client, peer } = await connectedPair(setup, {}, limit);
    errorOf(await client.subscribe("$share/group/t"), "shared-not-supported");
    errorOf(await client.subscribe("t/#"), "wildcard-not-supported");
    await assertNothingSent(client, peer);
  });
});
