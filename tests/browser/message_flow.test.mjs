// @ts-check
// Acknowledgements by the application, topic aliases and expiry, as an application sees them.

import assert from "node:assert/strict";
import { connectedPair, describeScripted } from "./suites/scripted.mjs";

/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

/** @param {Peer} peer @param {number} count of QoS 1, in one WebSocket message */
function sendSeries(peer, count) {
  const packets = Array.from({ length: count }, (_, index) => {
    const messageId = index + 1;
    const payload = String(messageId);
    return peer.encode({ cmd: "publish", topic: "t", payload, qos: 1, messageId });
  });
  peer.sendBytes(Buffer.concat(packets));
}

/** @param {Peer} peer @param {[id: number, reasonCode: number][]} expected */
async function expectPubacks(peer, expected) {
  for (const [id, reasonCode] of expected) {
    const puback = await peer.expect("puback");
    assert.deepEqual([puback.messageId, puback.reasonCode ?? 0], [id, reasonCode]);
  }
}

describeScripted("message flow", (test) => {
  test("message.ack() acknowledges or refuses, in the order of arrival, once", async ({
    bench,
    server,
  }) => {
    const next = server.peer();
    const codes = bench.page.evaluate(async (url) => {
      const { webmqtt, describeError } = globalThis.bench;
      const client = await webmqtt.connect(url, { manualAck: true });
      /** @type {any[]} */
      const messages = [];
      /** @type {Promise<void>} */
      const all = new Promise((resolve) => {
        client.subscribe("t", { qos: 1 }, (/** @type {any} */ message) => {
          if (messages.push(message) === 3) resolve();
        });
      });
      await all;
      const [one, two, three] = messages;
      three.ack();
      two.ack(0x83);
      two.ack();
      /** @type {string[]} */
      const codes = [];
      for (const reasonCode of [0x01, 0x82, 256, -1, 2 ** 32, Number.NaN, 0.5]) {
        try {
          one.ack(reasonCode);
        } catch (error) {
          codes.push(describeError(error).code);
        }
      }
      one.ack();
      await client.end();
      three.ack();
      return codes;
    }, server.url);
    const peer = await next;
    await peer.accept();
    await peer.grantSubscribe();
    sendSeries(peer, 3);
    await expectPubacks(peer, [
      [1, 0],
      [2, 0x83],
      [3, 0],
    ]);
    await peer.expect("disconnect");
    peer.close(1000);
    assert.deepEqual(await codes, Array(7).fill("option-invalid"));
  });

  for (const reading of ["handler", "iterator"]) {
    test(`what comes in after end() is not acknowledged: ${reading}`, async ({ bench, server }) => {
      const next = server.peer();
      const seen = bench.page.evaluate(
        async ([url, reading]) => {
          const { webmqtt } = globalThis.bench;
          const client = await webmqtt.connect(String(url), { manualAck: true });
          /** @type {string[]} */
          const seen = [];
          /** @type {Promise<void> | undefined} */
          let ended;
          const take = (/** @type {any} */ message) => {
            seen.push(message.text());
            message.ack();
            ended ??= client.end();
          };
          if (reading === "handler") {
            await client.subscribe("t", { qos: 1 }, take);
            while (!ended) await new Promise((resolve) => setTimeout(resolve, 5));
          } else {
            for await (const message of await client.subscribe("t", { qos: 1 })) {
              take(message);
              break;
            }
          }
          await ended;
          return seen;
        },
        [server.url, reading],
      );
      const peer = await next;
      await peer.accept();
      await peer.grantSubscribe();
      sendSeries(peer, 3);
      await expectPubacks(peer, [[1, 0]]);
      await peer.expect("disconnect");
      peer.close(1000);
      assert.deepEqual(await seen, ["1"]);
    });
  }

  test("what an iterator has no room for is not acknowledged while a handler has it", async ({
    bench,
    server,
  }) => {
    const next = server.peer();
    const ended = bench.page.evaluate(async (url) => {
      const client = await globalThis.bench.webmqtt.connect(url, { manualAck: true });
      await client.subscribe("t", { qos: 1, highWaterMark: 1 });
      /** @type {any[]} */
      const messages = [];
      /** @type {Promise<void>} */
      const all = new Promise((resolve) => {
        client.subscribe("#", { qos: 1 }, (/** @type {any} */ message) => {
          if (messages.push(message) === 3) resolve();
        });
      });
      await all;
      await new Promise((resolve) => setTimeout(resolve, 50));
      messages[0].ack(0x83);
      await client.end();
    }, server.url);
    const peer = await next;
    await peer.accept();
    await peer.grantSubscribe();
    await peer.grantSubscribe();
    sendSeries(peer, 3);
    await expectPubacks(peer, [[1, 0x83]]);
    await peer.expect("disconnect");
    peer.close(1000);
    await ended;
  });

  test("what an iterator has no room for is acknowledged, what it holds is not", async ({
    bench,
    server,
  }) => {
    const next = server.peer();
    const read = bench.page.evaluate(async (url) => {
      const client = await globalThis.bench.webmqtt.connect(url, { manualAck: true });
      const subscription = await client.subscribe("t", { qos: 1, highWaterMark: 1 });
      client.publish("go", "");
      while (subscription.dropped < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      for await (const message of subscription) {
        message.ack();
        return message.text();
      }
      return undefined;
    }, server.url);
    const peer = await next;
    await peer.accept();
    await peer.grantSubscribe();
    await peer.expect("publish");
    sendSeries(peer, 3);
    await expectPubacks(peer, [
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    assert.equal(await read, "3");
  });

  test("topics come and go under aliases, and the application sees none of it", async (setup) => {
    const properties = { topicAliasMaximum: 5 };
    const { client, peer, connect } = await connectedPair(setup, {}, { properties });
    assert.equal(connect.properties?.topicAliasMaximum, 16);
    const granted = peer.grantSubscribe();
    const subscription = await client.subscribe("#");
    await granted;
    for (const topic of ["some/topic", ""]) {
      assert.ok((await client.publish("some/topic", "x")).value);
      const publish = await peer.expect("publish");
      assert.deepEqual([publish.topic, publish.properties?.topicAlias], [topic, 1]);
    }
    // "in/a" as alias 7, then the alias alone.
    const rest = [0x03, 0x23, 0x00, 0x07];
    peer.sendBytes([0x30, 11, 0, 4, 0x69, 0x6e, 0x2f, 0x61, ...rest, 0x31]);
    peer.sendBytes([0x30, 7, 0, 0, ...rest, 0x32]);
    const seen = await subscription.value?.until("2");
    assert.deepEqual(
      seen?.map(({ topic, text }) => [topic, text]),
      [
        ["in/a", "1"],
        ["in/a", "2"],
      ],
    );
  });

  test("every message has its own topic: many, long ones, the same again", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const granted = peer.grantSubscribe();
    const subscription = await client.subscribe("#");
    await granted;
    const short = Array.from({ length: 500 }, (_, at) => `room/${at}/temp`);
    const long = [127, 128, 129, 1000].map((length) => "é".padEnd(length - 1, "long/"));
    // Twice each in turn, so that one topic takes the place of another wherever they can meet.
    const topics = [...short, ...long].flatMap((topic, at) => [
      topic,
      `room/${at % 7}/temp`,
      topic,
    ]);
    const packets = topics.map((topic, at) =>
      peer.encode({ cmd: "publish", topic, payload: String(at), qos: 0 }),
    );
    peer.sendBytes(Buffer.concat([...packets, ...packets]));
    peer.send({ cmd: "publish", topic: "last", payload: "last", qos: 0 });
    const seen = await subscription.value?.until("last");
    assert.deepEqual(
      seen?.map(({ topic }) => topic),
      [...topics, ...topics, "last"],
    );
  });

  test("a message that expires before there is a connection rejects, the others wait", async ({
    bench,
    server,
  }) => {
    const client = await bench.client(server.url);
    const begun = performance.now();
    const other = await client.startPublish("t", "later", { qos: 1, messageExpiry: 60 });
    const expired = await client.publish("t", "soon", { qos: 1, messageExpiry: 1 });
    assert.equal(expired.error?.code, "expired");
    const next = server.peer();
    const connecting = client.connect();
    const peer = await next;
    await peer.accept();
    const publish = await peer.acknowledgePublish();
    assert.equal(publish.payload.toString(), "later");
    // A second has passed, and what the machine took.
    const left = publish.properties?.messageExpiryInterval ?? 0;
    const passed = Math.ceil((performance.now() - begun) / 1_000);
    assert.ok(left <= 59 && left >= 60 - passed, `${left} seconds`);
    assert.ok((await other.outcome()).value);
    assert.ok((await connecting).value);
  });
});
