// @ts-check
// What the package makes of a server that is away: messages that give way, timeouts, other servers, own delays, and of
// a page that reads too slowly.

import assert from "node:assert/strict";
import { errorOf } from "./harness/page_client.mjs";
import { describeScripted, quick } from "./suites/scripted.mjs";

/** Nobody listens there. */
const NOBODY = "ws://127.0.0.1:9/";

describeScripted("without a server", (test) => {
  test("messages give way as the policy says, and each promise tells", async ({ bench }) => {
    const found = await bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      /** @param {any} queue @param {string[]} topics */
      const codes = async (queue, topics) => {
        const client = await webmqtt.createClient(url, { queue });
        const open = topics.map((topic) => client.publish(topic, "x", { qos: 1 }));
        const settled = open.map((call) => call.catch((/** @type {any} */ error) => error.code));
        await client.end();
        return Promise.all(settled);
      };
      const options = await webmqtt
        .createClient(url, { queue: /** @type {any} */ ({ policy: "newest" }) })
        .catch((/** @type {any} */ error) => error.code);
      return [
        await codes({ messages: 1 }, ["a", "b"]),
        await codes({ messages: 1, policy: "drop-oldest" }, ["a", "b"]),
        await codes({ messages: 1, policy: "drop-newest" }, ["a", "b"]),
        await codes({ policy: "latest-per-topic" }, ["a", "b", "a"]),
        options,
      ];
    }, NOBODY);
    assert.deepEqual(found, [
      ["closed", "queue-full"],
      ["dropped", "closed"],
      ["closed", "dropped"],
      ["dropped", "closed", "closed"],
      "option-invalid",
    ]);
  });

  test("a publish and a subscribe wait no longer than their timeout", async ({ bench }) => {
    const found = await bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      /** @param {Promise<unknown>} call */
      const code = (call) => call.catch((/** @type {any} */ error) => error.code);
      const begun = performance.now();
      const codes = await Promise.all([
        code(client.publish("t", "x", { qos: 1, timeout: 50 })),
        code(client.subscribe("t", { timeout: 50 })),
        code(client.publish("t", "x", { timeout: 0 })),
        code(client.subscribe("t", { timeout: 1.5 })),
      ]);
      const took = performance.now() - begun;
      await client.end();
      return { codes, took };
    }, NOBODY);
    assert.deepEqual(found.codes, ["timeout", "timeout", "option-invalid", "option-invalid"]);
    assert.ok(found.took >= 45, `${found.took} ms`);
  });

  test("connect() makes as many attempts as it is given, and each is told with its cause", async ({
    bench,
    server,
  }) => {
    server.upgrade = { status: 503 };
    const options = { reconnect: { min: 1, max: 5 }, connectAttempts: 3 };
    const client = await bench.client(server.url, options);
    errorOf(await client.connect(), "unreachable");
    assert.equal(server.upgrades.items.length, 3);
    const { states } = await client.history();
    const failed = states.filter(({ cause }) => cause);
    assert.deepEqual(
      failed.map(({ state, attempt }) => [state, attempt]),
      [
        ["waiting", 1],
        ["waiting", 2],
        ["idle", 3],
      ],
    );
    for (const { cause } of failed) {
      assert.deepEqual([cause?.code, cause?.phase], ["unreachable", "open"]);
      assert.equal(cause?.close?.code, 1006);
    }
    // The last of them gets through.
    server.upgrade.check = () => (server.upgrades.items.length < 6 ? 503 : undefined);
    server.upgrade.status = undefined;
    const connecting = client.connect();
    await (await server.peer()).accept();
    assert.ok("value" in (await connecting));
    assert.equal(server.upgrades.items.length, 6);
  });

  test("connect() gives up when its signal says that it has taken too long", async ({
    bench,
    server,
  }) => {
    server.upgrade = { status: 503 };
    const result = bench.page.evaluate(async (url) => {
      const { webmqtt, outcome } = globalThis.bench;
      const aborter = new AbortController();
      Object.assign(globalThis, { aborter });
      const client = await webmqtt.createClient(url, {
        reconnect: { min: 1, max: 5 },
        connectAttempts: 1_000_000,
        signal: aborter.signal,
      });
      const { error } = await outcome(() => client.connect());
      await new Promise((resolve) => setTimeout(resolve));
      return [error?.code, client.state];
    }, server.url);
    await server.upgrades.until(
      (upgrades) => upgrades[2],
      () => "the third attempt",
    );
    await bench.page.evaluate(() => globalThis.aborter.abort());
    assert.deepEqual(await result, ["aborted", "idle"]);
  });

  test("a function says when the next attempt comes, and when there is none", async ({
    bench,
    server,
  }) => {
    const next = server.peer();
    const result = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      /** @type {any[]} */
      const asked = [];
      const client = await webmqtt.connect(url, {
        reconnect: (/** @type {number} */ attempt, /** @type {any} */ cause) => {
          asked.push([attempt, cause.code]);
          return asked.length < 3 ? asked.length : false;
        },
      });
      /** @type {any[]} */
      const states = [];
      await new Promise((resolve) => {
        client.on("state", (/** @type {any} */ { state, delay, cause }) => {
          states.push([state, delay, cause?.code]);
          if (state === "idle") resolve(undefined);
        });
      });
      await client.end();
      return { asked, states };
    }, server.url);
    const peer = await next;
    await peer.accept();
    await server.stop();
    peer.drop();
    const { asked, states } = await result;
    assert.deepEqual(asked, [
      [0, "connection-lost"],
      [1, "unreachable"],
      [2, "unreachable"],
    ]);
    const waiting = states.filter(([state]) => state === "waiting");
    assert.deepEqual(
      waiting.slice(0, 2).map(([, delay]) => delay),
      [1, 2],
    );
    assert.deepEqual(states.at(-2), ["idle", undefined, "aborted"]);
  });

  test("the next server has its turn, and events and client say which", async ({
    bench,
    server,
  }) => {
    const client = await bench.client(NOBODY.replace("//", "//u:p@"), {
      ...quick,
      servers: [server.url],
    });
    const connecting = client.connect();
    const peer = await server.peer();
    const connect = await peer.accept();
    assert.ok((await connecting).value);
    assert.equal(connect.username, "u");
    const { states } = await client.history();
    const told = states.map((/** @type {any} */ { state, url, cause }) => [
      state,
      url,
      cause?.code,
    ]);
    const there = new URL(server.url).href;
    assert.deepEqual(told, [
      ["connecting", NOBODY, undefined],
      ["connecting", there, "unreachable"],
      ["connected", there, undefined],
    ]);
  });

  test("servers have no credentials of their own, and the order is one of two", async ({
    bench,
  }) => {
    const codes = await bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      /** @param {any} options */
      const code = (options) =>
        webmqtt.createClient(url, options).then(
          async (/** @type {any} */ client) => {
            const { url } = client;
            await client.end();
            return url;
          },
          (/** @type {any} */ error) => error.code,
        );
      const urls = [];
      for (let i = 0; i < 40; i++) {
        urls.push(await code({ servers: ["ws://127.0.0.1:10/"], serverOrder: "random" }));
      }
      return [
        await code({ servers: ["ws://u:p@127.0.0.1:9/"] }),
        await code({ servers: ["http://127.0.0.1:9/"] }),
        await code({ serverOrder: "best" }),
        [...new Set(urls)].sort(),
      ];
    }, NOBODY);
    const drawn = ["ws://127.0.0.1:10/", NOBODY].sort();
    assert.deepEqual(codes, ["option-invalid", "url-invalid", "option-invalid", drawn]);
  });
});

describeScripted("a reader that is too slow", (test) => {
  test("is told of once, and again when it had caught up", async ({ bench, server }) => {
    const next = server.peer();
    const result = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      /** @type {any[]} */
      const told = [];
      const subscription = await client.subscribe("t", { highWaterMark: 2 });
      client.on("slow", (/** @type {any} */ event) => {
        told.push([event.subscription === subscription, event.dropped]);
      });
      /** @type {(value?: unknown) => void} */
      let seen = () => {};
      const marker = () =>
        new Promise((resolve) => {
          seen = resolve;
        });
      const overrun = marker();
      await client.subscribe("marker", {}, () => seen());
      const iterator = subscription[Symbol.asyncIterator]();
      await overrun;
      const first = [...told];
      await iterator.next();
      await iterator.next();
      const waiting = iterator.next();
      const again = marker();
      await client.publish("go", "");
      await waiting;
      await again;
      return { first, told, dropped: subscription.dropped };
    }, server.url);
    const peer = await next;
    await peer.accept();
    await peer.grantSubscribe();
    await peer.grantSubscribe();
    /** @param {string} topic @param {number} count */
    const send = (topic, count) => {
      for (let i = 0; i < count; i++) {
        peer.send({ cmd: "publish", topic, payload: "x", qos: 0, dup: false, retain: false });
      }
    };
    send("t", 5);
    send("marker", 1);
    await peer.expect("publish");
    send("t", 6);
    send("marker", 1);
    assert.deepEqual(await result, {
      first: [[true, 1]],
      told: [
        [true, 1],
        [true, 4],
      ],
      dropped: 6,
    });
  });
});
