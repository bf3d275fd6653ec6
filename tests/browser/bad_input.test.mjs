// @ts-check
// What an application can do wrong: each mistake has an error code of its own and a remedy, is found
// before anything is sent, and harms nothing that is queued or connected.

import assert from "node:assert/strict";
import { test } from "node:test";
import { facts } from "./harness/engines/engine.mjs";
import { assertMqttError, errorOf, resultOf } from "./harness/page_client.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectedPair, describeScripted, quick } from "./suites/scripted.mjs";

const LONG = "x".repeat(65_536);
/** 21,846 characters of three bytes: too long in UTF-8 only. */
const LONG_IN_UTF8 = "€".repeat(21_846);

/** @type {[what: string, topic: string, code: string][]} */
const BAD_TOPICS = [
  ["an empty topic", "", "topic-empty"],
  ["a topic with +", "home/+/temp", "topic-wildcard"],
  ["a topic with #", "home/#", "topic-wildcard"],
  ["a topic with U+0000", "home/\0/temp", "topic-nul"],
  ["a topic with a lone high surrogate", "home/\ud83d", "topic-surrogate"],
  ["a topic with a lone low surrogate", "\udc00/home", "topic-surrogate"],
  ["a topic of 65,536 bytes", LONG, "topic-too-long"],
  ["a topic of 65,538 bytes in fewer characters", LONG_IN_UTF8, "topic-too-long"],
];

/** @type {[what: string, filter: string, code: string][]} */
const BAD_FILTERS = [
  ["an empty filter", "", "topic-empty"],
  ["# before the last level", "home/#/temp", "filter-hash"],
  ["# beside other characters", "home/a#", "filter-hash"],
  ["+ beside other characters", "home/a+/temp", "filter-plus"],
  ["a shared subscription without a share name", "$share//home", "filter-share"],
  ["a shared subscription without a filter", "$share/group", "filter-share"],
  ["a share name with a wildcard", "$share/gr+up/home", "filter-share"],
  ["a filter with U+0000", "home/\0", "topic-nul"],
  ["a filter with a lone surrogate", "home/\ud83d/#", "topic-surrogate"],
  ["a filter of 65,536 bytes", LONG, "topic-too-long"],
];

/** @type {[what: string, options: Record<string, unknown>, code: string][]} */
const BAD_OPTIONS = [
  ["a keep alive above 65,535", { keepalive: 65_536 }, "option-invalid"],
  ["a negative keep alive", { keepalive: -1 }, "option-invalid"],
  ["a version that does not exist", { version: 6 }, "option-invalid"],
  ["a receive maximum of 0", { receiveMaximum: 0 }, "option-invalid"],
  ["a will with a wildcard in its topic", { will: { topic: "a/#" } }, "topic-wildcard"],
  ["a will without a topic", { will: { topic: "" } }, "topic-empty"],
  [
    "a will with a QoS that a byte would change",
    { will: { topic: "a", qos: 256 } },
    "option-invalid",
  ],
  ["user properties that are no pairs", { userProperties: { a: "b" } }, "option-invalid"],
  ["a client id with a lone surrogate", { clientId: "\ud800" }, "topic-surrogate"],
  [
    "a password without a user name in 3.1.1",
    { version: 4, password: "x" },
    "password-without-username",
  ],
];

/** @type {[what: string, url: string][]} */
const BAD_URLS = [
  ["an empty URL", ""],
  ["text that is no URL", "not a url"],
  ["credentials that are not percent-encoded", "ws://u%zz:secret@127.0.0.1/"],
  ["a URL of another scheme", "mqtt://127.0.0.1:1883/"],
  ["a URL without a host", "ws://"],
  ["a port that does not exist", "ws://127.0.0.1:65536/"],
  ["a URL with a fragment", "ws://127.0.0.1:9001/mqtt#here"],
];

describeScripted("what an application can do wrong", (testWithServer, lab) => {
  for (const [what, url] of BAD_URLS) {
    test(
      `${what} is refused by createClient() and connect() as url-invalid`,
      lab.withPage(async (bench) => {
        const outcomes = await bench.page.evaluate(async (url) => {
          const { webmqtt, outcome } = globalThis.bench;
          return [
            await outcome(() => webmqtt.createClient(url)),
            await outcome(() => webmqtt.connect(url)),
          ];
        }, url);
        for (const outcome of outcomes) errorOf(outcome, "url-invalid");
        assert.deepEqual(bench.sockets, []);
      }),
    );
  }

  for (const [what, options, code] of BAD_OPTIONS) {
    test(
      `${what} is refused by createClient() as ${code}`,
      lab.withPage(async (bench) => {
        const outcome = await bench.page.evaluate(async (options) => {
          const { webmqtt, outcome } = globalThis.bench;
          return outcome(() => webmqtt.createClient("ws://127.0.0.1:9/", options));
        }, options);
        errorOf(outcome, code);
        assert.deepEqual(bench.sockets, []);
      }),
    );
  }

  test(
    "ws: to another host from an https: page is refused as url-insecure before the browser is asked",
    lab.withPage(
      async (bench) => {
        const outcome = await bench.page.evaluate(async () => {
          const { webmqtt, outcome } = globalThis.bench;
          return outcome(() => webmqtt.connect("ws://broker.invalid:9001/mqtt"));
        });
        const error = errorOf(outcome, "url-insecure");
        assert.match(error.message, /block ws: .* https:/);
        assert.match(error.remediation, /wss:/);
        assert.deepEqual(bench.sockets, []);
      },
      { tls: true },
    ),
  );

  test(
    "ws: to loopback from an https: page works where the browser allows it",
    lab.withPage(
      async (bench) => {
        const server = await ScriptedServer.start();
        try {
          if (!facts().trustsLoopback) {
            const client = await bench.client(server.url);
            const error = errorOf(await client.connect(), "unreachable");
            assert.match(error.remediation, /wss:/);
            return;
          }
          const { client, peer } = await connectedPair({ bench, server }, {});
          const ending = client.end();
          await peer.expect("disconnect");
          peer.close();
          resultOf(await ending);
        } finally {
          await server.stop();
        }
      },
      { tls: true },
    ),
  );

  testWithServer("every bad topic is refused, the connection and the queue stay", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const kept = await client.startPublish("kept", "in flight", { qos: 1 });
    const publish = await peer.expect("publish");
    for (const [what, topic, code] of BAD_TOPICS) {
      for (const qos of [0, 1, 2]) {
        const { error } = await client.publish(topic, "x", { qos });
        assert.ok(error, `${what} with QoS ${qos} was accepted`);
        assertMqttError(error, code);
      }
    }
    assert.equal(await kept.hasSettled(), false);
    peer.send({ cmd: "puback", messageId: publish.messageId, reasonCode: 0 });
    resultOf(await kept.outcome());
    const after = await client.startPublish("after", "x", { qos: 1 });
    assert.equal((await peer.acknowledgePublish()).topic, "after", "nothing was sent in between");
    resultOf(await after.outcome());
    assert.equal(await client.state(), "connected");
  });

  testWithServer(
    "every bad filter is refused, the connection and the queue stay",
    async (setup) => {
      const { client, peer } = await connectedPair(setup, {});
      const kept = await client.startPublish("kept", "in flight", { qos: 1 });
      const publish = await peer.expect("publish");
      for (const [what, filter, code] of BAD_FILTERS) {
        for (const filters of [filter, ["good", filter]]) {
          const { error } = await client.subscribe(filters);
          assert.ok(error, `${what} was accepted`);
          assertMqttError(error, code);
        }
      }
      peer.send({ cmd: "puback", messageId: publish.messageId, reasonCode: 0 });
      resultOf(await kept.outcome());
      const good = client.subscribe("good");
      const subscribe = await peer.grantSubscribe();
      assert.deepEqual(
        subscribe.subscriptions.map(({ topic }) => topic),
        ["good"],
      );
      resultOf(await good);
    },
  );

  testWithServer("bad input before the first connect leaves the queue as it was", async (setup) => {
    const { bench, server } = setup;
    const client = await bench.client(server.url, quick);
    const first = await client.startPublish("queued/1", "x", { qos: 1 });
    for (const [, topic, code] of BAD_TOPICS) {
      errorOf(await client.publish(topic, "x", { qos: 1 }), code);
    }
    const second = await client.startPublish("queued/2", "x", { qos: 1 });
    const [connected, peer] = await Promise.all([
      client.connect(),
      server.peer().then(async (peer) => {
        await peer.accept();
        return peer;
      }),
    ]);
    resultOf(connected);
    assert.equal((await peer.acknowledgePublish()).topic, "queued/1");
    assert.equal((await peer.acknowledgePublish()).topic, "queued/2");
    resultOf(await first.outcome());
    resultOf(await second.outcome());
  });

  testWithServer("the longest topic that is allowed passes", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const topic = "x".repeat(65_535);
    const publishing = await client.startPublish(topic, "", { qos: 1 });
    assert.equal((await peer.acknowledgePublish()).topic, topic);
    resultOf(await publishing.outcome());
  });

  testWithServer("a payload that is neither text nor bytes is refused", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const outcomes = await setup.bench.page.evaluate(async (url) => {
      const { webmqtt, outcome } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      const payloads = [42, true, {}, [1, 2], null, new Date(), Symbol("x")];
      return Promise.all(payloads.map((payload) => outcome(() => client.publish("t", payload))));
    }, setup.server.url);
    assert.equal(outcomes.length, 7);
    for (const outcome of outcomes) errorOf(outcome, "payload-invalid");
    const after = await client.startPublish("after", "x", { qos: 1 });
    await peer.acknowledgePublish();
    resultOf(await after.outcome());
  });

  testWithServer("text, typed arrays, views and buffers arrive byte by byte", async (setup) => {
    const { bench, server } = setup;
    const next = server.peer();
    const publishing = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const client = await webmqtt.connect(url);
      const { buffer } = new Uint8Array([9, 1, 2, 3, 255, 9]);
      const payloads = [
        "h\u00e9",
        new Uint8Array(buffer, 1, 4),
        new DataView(buffer, 1, 4),
        new Int16Array([-1, 256]),
        buffer,
        undefined,
      ];
      for (const payload of payloads) await client.publish("t", payload);
    }, server.url);
    const peer = await next;
    await peer.accept();
    const expected = ["68c3a9", "010203ff", "010203ff", "ffff0001", "09010203ff09", ""];
    for (const hex of expected) {
      const { payload } = await peer.expect("publish");
      assert.equal(Buffer.from(payload).toString("hex"), hex);
    }
    await publishing;
  });

  test(
    "a package whose WebAssembly module cannot be loaded says so",
    lab.withPage(
      async (bench) => {
        const outcome = await bench.page.evaluate(async () => {
          const { webmqtt, outcome } = globalThis.bench;
          return outcome(() => webmqtt.createClient("ws://127.0.0.1:9/"));
        });
        const error = errorOf(outcome, "wasm");
        assert.match(error.remediation, /wasm/);
      },
      { withhold: ".wasm" },
    ),
  );
});
