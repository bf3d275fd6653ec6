// @ts-check
// webmqtt/inspect: every packet with its fields, each byte of it in one of them, and nothing secret.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { generate } from "mqtt-packet";
import { dissect, Inspector } from "../../pkg/dist/inspect.js";
import { describeInNode, webSocket } from "./suites/in_node.mjs";
import { describeScripted } from "./suites/scripted.mjs";

/** @typedef {import("../../pkg/dist/inspect.js").TraceEvent} TraceEvent */
/** @typedef {Extract<TraceEvent, { kind: "packet" }>} TracePacket */

/** @param {{ name: string, value: unknown }[]} fields */
const values = (fields) => Object.fromEntries(fields.map(({ name, value }) => [name, value]));

/** @param {any} packet @param {3 | 4 | 5} version @returns {Uint8Array} */
const encoded = (packet, version) =>
  Uint8Array.from(generate(packet, /** @type {any} */ ({ protocolVersion: version })));

const userProperties = { a: "b", c: ["d", "e"] };
const words = { reasonString: "because", userProperties };
/** @param {4 | 5} version */
const packets = (version) => {
  const properties = (/** @type {object} */ all) => (version === 5 ? { properties: all } : {});
  const code = version === 5 ? { reasonCode: 0 } : {};
  return [
    {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: version,
      clean: true,
      clientId: "panel",
      keepalive: 30,
      username: "ann",
      password: "secret",
      will: {
        topic: "gone",
        payload: "away",
        qos: 1,
        retain: true,
        ...properties({ willDelayInterval: 5, contentType: "text" }),
      },
      ...properties({
        receiveMaximum: 9,
        authenticationMethod: "A",
        authenticationData: Buffer.from("secret"),
      }),
    },
    {
      cmd: "connack",
      sessionPresent: true,
      ...(version === 5 ? { reasonCode: 0 } : { returnCode: 0 }),
      ...properties({ assignedClientIdentifier: "x", maximumPacketSize: 70_000, ...words }),
    },
    { cmd: "publish", topic: "a/b", payload: "x".repeat(300), qos: 0 },
    {
      cmd: "publish",
      topic: "a/b",
      payload: "x",
      qos: 2,
      dup: true,
      retain: true,
      messageId: 77,
      ...properties({
        topicAlias: 3,
        correlationData: Buffer.from([1, 2]),
        responseTopic: "r",
        subscriptionIdentifier: [1, 300],
      }),
    },
    ...["puback", "pubrec", "pubrel", "pubcomp"].flatMap((cmd) => [
      { cmd, messageId: 5, ...code },
      ...(version === 5 ? [{ cmd, messageId: 5, reasonCode: 0x92, properties: words }] : []),
    ]),
    {
      cmd: "subscribe",
      messageId: 6,
      subscriptions: [
        { topic: "a/#", qos: 1, nl: true, rap: true, rh: 2 },
        { topic: "$share/g/+", qos: 2, nl: false, rap: false, rh: 0 },
      ],
      ...properties({ subscriptionIdentifier: 200, userProperties }),
    },
    { cmd: "suback", messageId: 6, granted: [1, 0x80], ...properties(words) },
    {
      cmd: "unsubscribe",
      messageId: 7,
      unsubscriptions: ["a/#", "b"],
      ...properties({ userProperties }),
    },
    { cmd: "unsuback", messageId: 7, granted: [0, 0x11], ...properties(words) },
    { cmd: "pingreq" },
    { cmd: "pingresp" },
    {
      cmd: "disconnect",
      ...(version === 5
        ? { reasonCode: 4, properties: { sessionExpiryInterval: 1, ...words } }
        : {}),
    },
    ...(version === 5
      ? [
          {
            cmd: "auth",
            reasonCode: 0x18,
            properties: {
              authenticationMethod: "A",
              authenticationData: Buffer.from("secret"),
              userProperties,
            },
          },
        ]
      : []),
  ];
};

describe("a packet taken apart", () => {
  for (const version of /** @type {const} */ ([4, 5])) {
    test(`has every byte in a field, in MQTT ${version}`, () => {
      for (const packet of packets(version)) {
        const bytes = encoded(packet, version);
        const { type, fields, broken } = dissect(bytes, version);
        assert.equal(broken, undefined, type);
        assert.equal(type.toLowerCase(), packet.cmd);
        const times = new Uint8Array(bytes.length);
        for (const { offset, length } of fields) {
          for (let at = offset; at < offset + length; at += 1) times[at] = 1;
        }
        assert.ok(
          times.every((time) => time === 1),
          `${type}: ${times}`,
        );
        assert.ok(fields.every(({ length, name }) => length > 0 || name === "Payload"));
        assert.ok(!new TextDecoder().decode(bytes).includes("secret"));
      }
    });
  }

  test("is broken where it is cut off, and tells no secret then", () => {
    for (const version of /** @type {const} */ ([4, 5])) {
      for (const packet of packets(version)) {
        const whole = encoded(packet, version);
        for (let length = 0; length < whole.length; length += 1) {
          const bytes = whole.slice(0, length);
          const { fields } = dissect(bytes, version);
          assert.ok(fields.every((field) => field.offset + field.length <= length));
          const left = new TextDecoder().decode(bytes);
          // A piece of it is too much already.
          assert.ok(!/sec|ecr/.test(left), `${packet.cmd} ${length}: ${left}`);
        }
      }
    }
  });

  test("has names for what the numbers mean", () => {
    const refused = dissect(Uint8Array.of(0x20, 3, 0, 0x87, 0));
    assert.equal(
      refused.fields.find(({ name }) => name === "Reason Code")?.meaning,
      "not authorized",
    );
    const old = dissect(Uint8Array.of(0x20, 2, 0, 5), 4);
    assert.equal(old.fields.find(({ name }) => name === "Return Code")?.meaning, "not authorized");
    const granted = dissect(Uint8Array.of(0x90, 4, 0, 1, 2, 0x80), 4);
    assert.deepEqual(
      granted.fields.flatMap(({ name, meaning }) => (name === "Reason Code" ? [meaning] : [])),
      ["granted QoS 2", "unspecified error"],
    );
  });

  test("says what is wrong with it", () => {
    const unknown = Uint8Array.of(0x40, 6, 0, 1, 0, 2, 0x7f, 0);
    assert.equal(dissect(unknown).broken, "it cannot be read from byte 6 on");
    assert.equal(dissect(Uint8Array.of(0xc0, 1, 0)).broken, "1 bytes are left over");
  });
});

describeInNode("a trace", (test) => {
  /** @param {ConstructorParameters<typeof Inspector>[0]} [options] */
  const tracing = (options) => {
    const inspector = new Inspector({ webSocket, ...options });
    /** @type {TraceEvent[]} */
    const events = [];
    const stop = inspector.trace((event) => events.push(event));
    const seen = () =>
      events.flatMap((event) =>
        event.kind === "packet" ? [`${event.direction} ${event.type}`] : [event.kind],
      );
    return { inspector, events, stop, seen };
  };

  test("has each packet of both directions, in their order, and no secret", async ({
    server,
    made,
  }) => {
    const { inspector, events, seen } = tracing();
    const client = await made({
      webSocket: inspector.webSocket,
      username: "secret name",
      password: "secret word",
      userProperties: [["token", "secret token"]],
      reconnect: false,
    });
    const connecting = client.connect();
    const peer = await server.peer();
    await peer.accept();
    await connecting;
    const subscribing = client.subscribe("a/+", { qos: 1 });
    await peer.grantSubscribe();
    const subscription = await subscribing;
    peer.send({ cmd: "publish", topic: "a/b", payload: "21.5", qos: 1, messageId: 9 });
    await peer.expect("puback");
    assert.equal((await subscription[Symbol.asyncIterator]().next()).value?.text(), "21.5");
    const ending = client.end();
    await peer.expect("disconnect");
    peer.close(1000);
    await ending;
    assert.deepEqual(seen(), [
      ...["opening", "open", "out CONNECT", "in CONNACK", "out SUBSCRIBE", "in SUBACK"],
      ...["in PUBLISH", "out PUBACK", "out DISCONNECT", "close"],
    ]);
    const packets = events.filter((event) => event.kind === "packet");
    const [connect] = packets;
    assert.equal(connect?.version, 5);
    assert.equal(values(connect?.fields ?? [])["User Name"], "11 bytes, covered");
    assert.deepEqual(
      connect?.fields.filter(({ covered }) => covered).map(({ name }) => name),
      ["User Property token", "User Name", "Password"],
    );
    const publish = packets.find(({ type }) => type === "PUBLISH");
    assert.equal(values(publish?.fields ?? [])["Topic Name"], "a/b");
    assert.equal(publish?.size, publish?.bytes.length);
    const everything = packets.map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join();
    assert.ok(!`${everything}${JSON.stringify(events)}`.includes("secret"));
    assert.ok(events.every(({ connection }) => connection === 1));
    const times = events.map(({ time }) => time);
    assert.deepEqual(
      times,
      times.toSorted((one, other) => one - other),
    );
    assert.ok(Math.abs((times[0] ?? 0) - Date.now()) < 60_000);
  });

  test("puts packets together that come in pieces, and parts those that come together", async ({
    connected,
  }) => {
    const { inspector, events, seen, stop } = tracing({ limit: 10 });
    const { client, peer } = await connected({ webSocket: inspector.webSocket, version: 4 });
    const before = events.length;
    const subscribing = client.subscribe("a", { qos: 0 });
    await peer.grantSubscribe();
    const subscription = await subscribing;
    const reading = subscription[Symbol.asyncIterator]();
    const large = peer.encode({ cmd: "publish", topic: "a", payload: "x".repeat(5_000), qos: 0 });
    for (const piece of [0, 1, 2, 3, 1_000, 5_006].map((at, index, all) =>
      large.subarray(at, all[index + 1]),
    )) {
      peer.sendBytes(piece);
    }
    await reading.next();
    const small = peer.encode({ cmd: "publish", topic: "a", payload: "y", qos: 0 });
    peer.sendBytes(Buffer.concat([small, small, small.subarray(0, 1)]));
    peer.sendBytes(small.subarray(1));
    for (let count = 0; count < 3; count += 1) await reading.next();
    assert.deepEqual(seen().slice(before), [
      "out SUBSCRIBE",
      "in SUBACK",
      ...Array(4).fill("in PUBLISH"),
    ]);
    const first = events.find((event) => event.kind === "packet" && event.type === "PUBLISH");
    assert.ok(first?.kind === "packet");
    assert.equal(first.size, large.length);
    assert.deepEqual([...first.bytes], [...large.subarray(0, 10)]);
    assert.equal(/** @type {Uint8Array} */ (values(first.fields).Payload).length, 10);

    // In the middle of a packet the listener goes, and another comes in the middle of another.
    stop();
    const count = events.length;
    peer.sendBytes(large.subarray(0, 100));
    peer.sendBytes(Buffer.concat([large.subarray(100), small.subarray(0, 3)]));
    await reading.next();
    inspector.trace((event) => events.push(event));
    peer.sendBytes(small.subarray(3));
    await reading.next();
    assert.deepEqual(seen().slice(count), ["in PUBLISH"]);
  });

  test("says when a direction makes no sense any more", async ({ connected }) => {
    const { inspector, seen } = tracing();
    const { peer } = await connected({ webSocket: inspector.webSocket, reconnect: false });
    peer.sendText("hello");
    await peer.expectClose();
    assert.ok(seen().includes("noise"));
    const other = tracing();
    const { peer: second } = await connected({
      webSocket: other.inspector.webSocket,
      reconnect: false,
    });
    second.sendBytes([0x30, 0xff, 0xff, 0xff, 0xff, 0xff]);
    await second.expectClose();
    assert.ok(other.seen().includes("noise"));
  });

  test("covers what is behind the question mark of a URL, and ends with its signal", async ({
    server,
  }) => {
    const { inspector, events } = tracing();
    const controller = new AbortController();
    let seen = 0;
    inspector.trace(() => (seen += 1), { signal: controller.signal });
    controller.abort();
    const signed = new inspector.webSocket(`${server.url}?X-Amz-Signature=secret`, "mqtt");
    signed.addEventListener("error", () => {});
    signed.close();
    assert.equal(seen, 0);
    const [opening] = events;
    assert.ok(opening?.kind === "opening");
    assert.equal(opening.url, `${server.url}?…`);
  });
});

describeScripted("a trace in a page", (test) => {
  test("has what the browser's WebSocket sends and gets", async ({ bench, server }) => {
    const tracing = bench.page.evaluate(async (url) => {
      const { webmqtt } = globalThis.bench;
      const path = "/pkg/dist/inspect.js";
      const { Inspector } = /** @type {typeof import("../../pkg/dist/inspect.js")} */ (
        await import(path)
      );
      const inspector = new Inspector();
      /** @type {string[]} */
      const seen = [];
      inspector.trace((event) => {
        const size = event.kind === "packet" && event.bytes.length === event.size;
        seen.push(
          event.kind === "packet" ? `${event.direction} ${event.type} ${size}` : event.kind,
        );
      });
      const client = await webmqtt.connect(url, { webSocket: inspector.webSocket });
      await client.publish("a", "x", { qos: 1 });
      await client.end();
      return seen;
    }, server.url);
    const peer = await server.peer();
    await peer.accept();
    await peer.acknowledgePublish();
    await peer.expect("disconnect");
    peer.close(1000);
    assert.deepEqual(await tracing, [
      ...["opening", "open", "out CONNECT true", "in CONNACK true"],
      ...["out PUBLISH true", "in PUBACK true", "out DISCONNECT true", "close"],
    ]);
  });
});
