// @ts-check
// MQTT packets and WebSocket messages have nothing to do with each other: packets are split and
// joined anywhere, in both directions.

import assert from "node:assert/strict";
import { resultOf } from "./harness/page_client.mjs";
import { assertExactlyOnce, numbers } from "./harness/series.mjs";
import { connectedPair, describeScripted, quick, titleOf, VERSIONS } from "./suites/scripted.mjs";

/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

/** @param {Peer} peer @param {Uint8Array} bytes one WebSocket message for each byte */
function sendByteByByte(peer, bytes) {
  for (const byte of bytes) peer.sendBytes([byte]);
}

/**
 * A connected client with a subscription to everything.
 * @param {Parameters<typeof connectedPair>[0]} setup @param {Record<string, unknown>} options
 */
async function subscribedPair(setup, options) {
  const { client, peer } = await connectedPair(setup, options);
  const subscribing = client.subscribe("#", { qos: 2 });
  await peer.grantSubscribe();
  return { client, peer, subscription: resultOf(await subscribing) };
}

describeScripted("packets split and joined at any byte", (test) => {
  for (const version of VERSIONS) {
    const title = titleOf(version);

    test(`${title}: a whole conversation arrives byte by byte`, async ({ bench, server }) => {
      const client = await bench.client(server.url, { ...quick, version });
      const connecting = client.connect();
      const peer = await server.peer();
      await peer.expect("connect");
      sendByteByByte(
        peer,
        peer.encode({ cmd: "connack", reasonCode: 0, returnCode: 0, sessionPresent: false }),
      );
      resultOf(await connecting);
      const subscribing = client.subscribe("#", { qos: 2 });
      const { messageId } = await peer.expect("subscribe");
      sendByteByByte(peer, peer.encode({ cmd: "suback", messageId, granted: [2] }));
      const subscription = resultOf(await subscribing);
      const message = { cmd: "publish", topic: "t", dup: false, retain: false };
      sendByteByByte(peer, peer.encode({ ...message, qos: 0, payload: "zero" }));
      sendByteByByte(peer, peer.encode({ ...message, qos: 1, payload: "one", messageId: 1 }));
      sendByteByByte(peer, peer.encode({ ...message, qos: 2, payload: "two", messageId: 2 }));
      assert.equal((await peer.expect("puback")).messageId, 1);
      assert.equal((await peer.expect("pubrec")).messageId, 2);
      sendByteByByte(peer, peer.encode({ cmd: "pubrel", messageId: 2 }));
      assert.equal((await peer.expect("pubcomp")).messageId, 2);
      const seen = await subscription.until("two");
      assert.deepEqual(
        seen.map(({ text, qos }) => [text, qos]),
        [
          ["zero", 0],
          ["one", 1],
          ["two", 2],
        ],
      );
    });

    test(`${title}: a packet cut at any of its bytes is the same packet`, async (setup) => {
      const { peer, subscription } = await subscribedPair(setup, { version });
      const packet = (/** @type {number} */ number) =>
        peer.encode({
          cmd: "publish",
          topic: "some/topic",
          payload: `${number}`.padEnd(150, "."),
          qos: 1,
          messageId: number,
        });
      const { length } = packet(1);
      for (let cut = 1; cut < length; cut++) {
        const bytes = packet(cut);
        peer.sendBytes(bytes.subarray(0, cut));
        peer.sendBytes(bytes.subarray(cut));
      }
      const seen = await subscription.count(length - 1);
      assertExactlyOnce(
        seen.map(({ text }) => text.replaceAll(".", "")),
        1,
        length - 1,
      );
      for (let cut = 1; cut < length; cut++) {
        assert.equal((await peer.expect("puback")).messageId, cut);
      }
    });

    test(`${title}: 2,000 packets in one message are all delivered in order`, async (setup) => {
      const { peer, subscription } = await subscribedPair(setup, { version });
      const packets = numbers(1, 2000).map((payload) =>
        peer.encode({ cmd: "publish", topic: "t", payload, qos: 0 }),
      );
      peer.sendBytes(Buffer.concat(packets));
      const seen = await subscription.count(2000);
      assertExactlyOnce(
        seen.map(({ text }) => text),
        1,
        2000,
      );
    });
  }

  test("continuation frames and empty messages make no difference", async (setup) => {
    const { peer, subscription } = await subscribedPair(setup, {});
    const bytes = peer.encode({ cmd: "publish", topic: "t", payload: "in pieces", qos: 0 });
    peer.sendFragments([bytes.subarray(0, 1), bytes.subarray(1, 5), bytes.subarray(5)]);
    peer.sendBytes([]);
    peer.sendBytes(bytes.subarray(0, 3));
    peer.sendBytes([]);
    peer.sendBytes(bytes.subarray(3));
    const seen = await subscription.count(2);
    assert.deepEqual(
      seen.map(({ text }) => text),
      ["in pieces", "in pieces"],
    );
  });

  test("CONNACK and a first message in one WebSocket message: both count", async (setup) => {
    const { bench, server } = setup;
    const client = await bench.client(server.url, { ...quick, clean: false });
    const subscribing = client.subscribe("t", { qos: 1 });
    const connecting = client.connect();
    const peer = await server.peer();
    await peer.expect("connect");
    const packets = [
      { cmd: "connack", reasonCode: 0, sessionPresent: false },
      { cmd: "publish", topic: "t", payload: "early", qos: 1, messageId: 7 },
      { cmd: "pingresp" },
    ];
    peer.sendBytes(Buffer.concat(packets.map((packet) => peer.encode(packet))));
    resultOf(await connecting);
    const after = new Set([(await peer.next()).cmd, (await peer.next()).cmd]);
    assert.deepEqual(after, new Set(["puback", "subscribe"]));
    const subscribe = peer.packets.items.find(({ cmd }) => cmd === "subscribe");
    peer.send({ cmd: "suback", messageId: subscribe?.messageId, granted: [1] });
    const [early] = await resultOf(await subscribing).until("early");
    assert.equal(early?.qos, 1);
  });

  test("1,000 publishes of one turn leave in few WebSocket messages, in order", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const before = peer.messages.length;
    for (const outcome of await client.publishSeries("series", 1, 1000, { qos: 0 })) {
      resultOf(outcome);
    }
    /** @type {string[]} */
    const arrived = [];
    while (arrived.length < 1000) arrived.push((await peer.expect("publish")).payload.toString());
    assertExactlyOnce(arrived, 1, 1000);
    const sizes = peer.messages.slice(before);
    assert.ok(sizes.length < 50, `${sizes.length} WebSocket messages`);
  });

  test("a publish of its own leaves at once and alone", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    for (const number of numbers(1, 3)) {
      const before = peer.messages.length;
      resultOf(await client.publish("t", number));
      assert.equal((await peer.expect("publish")).payload.toString(), number);
      assert.equal(peer.messages.length, before + 1);
    }
  });
});
