// @ts-check
// Application code inside callbacks may do anything: throw, publish, unsubscribe, end the client.

import assert from "node:assert/strict";
import { resultOf } from "./harness/page_client.mjs";
import { assertExactlyOnce, numbers } from "./harness/series.mjs";
import { describeScripted } from "./suites/scripted.mjs";

/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

/** @param {Peer} peer @param {string} topic @param {string[]} payloads in one WebSocket message */
function publishAll(peer, topic, payloads) {
  const packets = payloads.map((payload) =>
    peer.encode({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false }),
  );
  peer.sendBytes(Buffer.concat(packets));
}

/** @param {import("./harness/scripted_server.mjs").ScriptedServer} server @param {number} subscriptions */
async function serve(server, subscriptions) {
  const peer = await server.peer();
  await peer.accept();
  for (let i = 0; i < subscriptions; i++) await peer.grantSubscribe();
  return peer;
}

describeScripted("application code inside callbacks", (test) => {
  test("a handler that throws stops nothing, and the page hears of it", async ({
    bench,
    server,
  }) => {
    const next = serve(server, 2);
    const texts = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      /** @type {string[]} */
      const seen = [];
      await client.subscribe("t", {}, () => {
        throw new Error("the handler's own fault");
      });
      /** @type {Promise<void>} */
      const done = new Promise((resolve) => {
        client.subscribe("#", {}, (/** @type {any} */ message) => {
          seen.push(message.text());
          if (message.text() === "3") resolve();
        });
      });
      await done;
      return { seen, state: client.state };
    }, server.url);
    publishAll(await next, "t", numbers(1, 3));
    assert.deepEqual(await texts, { seen: ["1", "2", "3"], state: "connected" });
    assert.equal(bench.exceptions.items.length, 3);
    assert.match(String(bench.exceptions.items[0]), /the handler's own fault/);
  });

  test("a message is acknowledged although its handler throws", async ({ bench, server }) => {
    const next = serve(server, 1);
    const subscribed = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      await client.subscribe("t", { qos: 2 }, () => {
        throw new Error("the handler's own fault");
      });
    }, server.url);
    const peer = await next;
    await subscribed;
    for (const [qos, answer] of /** @type {const} */ ([
      [1, "puback"],
      [2, "pubrec"],
    ])) {
      peer.send({ cmd: "publish", topic: "t", payload: "x", qos, messageId: qos });
      assert.equal((await peer.expect(answer)).messageId, qos);
      const thrown = await bench.exceptions.until(
        (all) => all[qos - 1],
        () => "the exception",
      );
      assert.match(thrown, /the handler's own fault/);
    }
    peer.send({ cmd: "pubrel", messageId: 2 });
    await peer.expect("pubcomp");
  });

  test("a listener that throws does not keep the others from hearing", async ({
    bench,
    server,
  }) => {
    const next = serve(server, 0);
    const states = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      /** @type {string[]} */
      const heard = [];
      client.on("state", () => {
        throw new Error("the listener's own fault");
      });
      client.on("state", (/** @type {any} */ event) => heard.push(event.state));
      await client.connect();
      return heard;
    }, server.url);
    await next;
    assert.deepEqual(await states, ["connecting", "connected"]);
    assert.match(String(bench.exceptions.items[0]), /the listener's own fault/);
  });

  test("a handler may publish; order is kept", async ({ bench, server }) => {
    const next = serve(server, 1);
    const acknowledged = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      /** @type {Promise<any>[]} */
      const echoes = [];
      await new Promise((resolve) => {
        client.subscribe("in", {}, (/** @type {any} */ message) => {
          echoes.push(client.publish("out", message.payload, { qos: 1 }));
          if (message.text() === "100") resolve(undefined);
        });
      });
      return (await Promise.all(echoes)).length;
    }, server.url);
    const peer = await next;
    publishAll(peer, "in", numbers(1, 100));
    /** @type {string[]} */
    const echoed = [];
    for (let i = 0; i < 100; i++) echoed.push((await peer.acknowledgePublish()).payload.toString());
    assertExactlyOnce(echoed, 1, 100);
    assert.equal(await acknowledged, 100);
  });

  test("a handler may unsubscribe itself: the rest of the batch is not delivered", async (setup) => {
    const { bench, server } = setup;
    const next = serve(server, 1);
    const seen = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      /** @type {string[]} */
      const texts = [];
      /** @type {(value: Promise<void>) => void} */
      let left;
      const leaving = new Promise((resolve) => {
        left = resolve;
      });
      const subscription = await client.subscribe("t", {}, (/** @type {any} */ message) => {
        texts.push(message.text());
        if (message.text() === "2") left(subscription.unsubscribe());
      });
      await leaving;
      return texts;
    }, server.url);
    const peer = await next;
    publishAll(peer, "t", numbers(1, 5));
    const { messageId, unsubscriptions } = await peer.expect("unsubscribe");
    assert.deepEqual(unsubscriptions, ["t"]);
    peer.send({ cmd: "unsuback", messageId, granted: [0] });
    assert.deepEqual(await seen, ["1", "2"]);
  });

  test("a handler may subscribe, and the new subscription works", async ({ bench, server }) => {
    const next = serve(server, 1);
    const text = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      return new Promise((resolve) => {
        client.subscribe("first", {}, () => {
          client.subscribe("second", {}, (/** @type {any} */ message) => resolve(message.text()));
        });
      });
    }, server.url);
    const peer = await next;
    publishAll(peer, "first", ["go"]);
    await peer.grantSubscribe();
    publishAll(peer, "second", ["arrived"]);
    assert.equal(await text, "arrived");
  });

  test("a handler may end the client: nothing more is delivered", async ({ bench, server }) => {
    const next = serve(server, 1);
    const seen = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      /** @type {string[]} */
      const texts = [];
      /** @type {(value: Promise<void>) => void} */
      let ended;
      const ending = new Promise((resolve) => {
        ended = resolve;
      });
      await client.subscribe("t", {}, (/** @type {any} */ message) => {
        texts.push(message.text());
        ended(client.end());
      });
      await ending;
      return { texts, state: client.state };
    }, server.url);
    const peer = await next;
    publishAll(peer, "t", numbers(1, 5));
    await peer.expect("disconnect");
    publishAll(peer, "t", ["after DISCONNECT"]);
    peer.close();
    assert.deepEqual(await seen, { texts: ["1"], state: "closed" });
  });

  test("a state listener may call connect() again when the client stops", async (setup) => {
    const { bench, server } = setup;
    const connected = bench.page.evaluate(async (url) => {
      const { webmqtt, outcome } = globalThis.bench;
      const client = await webmqtt.createClient(url, { username: "u", password: "old" });
      /** @type {Promise<any>} */
      const second = new Promise((resolve) => {
        client.on("state", (/** @type {any} */ event) => {
          if (event.cause?.reasonCode === 0x86) resolve(client.connect({ password: "new" }));
        });
      });
      const first = await outcome(() => client.connect());
      await second;
      return { first: first.error?.code, state: client.state };
    }, server.url);
    await (await server.peer()).refuse(0x86);
    const { password } = await (await server.peer()).accept();
    assert.equal(password?.toString(), "new");
    assert.deepEqual(await connected, { first: "connect-refused", state: "connected" });
  });

  test("an iterator reads every message in order and ends with the subscription", async (setup) => {
    const { bench, server } = setup;
    const next = serve(server, 1);
    const read = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      const subscription = await client.subscribe("t");
      /** @type {string[]} */
      const texts = [];
      for await (const message of subscription) {
        texts.push(message.text());
        if (message.text() === "100") break;
      }
      return texts;
    }, server.url);
    const peer = await next;
    publishAll(peer, "t", numbers(1, 100));
    const { messageId } = await peer.expect("unsubscribe");
    peer.send({ cmd: "unsuback", messageId, granted: [0] });
    assertExactlyOnce(await read, 1, 100);
  });

  test("a slow iterator drops the oldest or the newest, as asked, and counts them", async (setup) => {
    const { bench, server } = setup;
    const next = serve(server, 3);
    const result = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      const oldest = await client.subscribe("t", { highWaterMark: 3 });
      const newest = await client.subscribe("t", { highWaterMark: 3, overflow: "drop-newest" });
      await new Promise((resolve) => {
        client.subscribe("marker", {}, () => resolve(undefined));
      });
      /** @param {any} subscription */
      const drain = async (subscription) => {
        const texts = [];
        const iterator = subscription[Symbol.asyncIterator]();
        for (let i = 0; i < 3; i++) texts.push((await iterator.next()).value.text());
        return { texts, dropped: subscription.dropped };
      };
      return [await drain(oldest), await drain(newest)];
    }, server.url);
    const peer = await next;
    publishAll(peer, "t", numbers(1, 10));
    publishAll(peer, "marker", ["x"]);
    assert.deepEqual(await result, [
      { texts: ["8", "9", "10"], dropped: 7 },
      { texts: ["1", "2", "3"], dropped: 7 },
    ]);
  });

  test("two clients in one page do not disturb each other", async ({ bench, server }) => {
    const first = await bench.client(server.url, { clientId: "first" });
    const second = await bench.client(server.url, { clientId: "second" });
    const connecting = [first.connect(), second.connect()];
    /** @type {Map<string, Peer>} */
    const peers = new Map();
    for (let i = 0; i < 2; i++) {
      const peer = await server.peer();
      peers.set((await peer.accept()).clientId, peer);
    }
    for (const outcome of await Promise.all(connecting)) resultOf(outcome);
    const ending = first.end();
    await peers.get("first")?.expect("disconnect");
    peers.get("first")?.close();
    resultOf(await ending);
    const publishing = await second.startPublish("t", "still here", { qos: 1 });
    await peers.get("second")?.acknowledgePublish();
    resultOf(await publishing.outcome());
  });
});
