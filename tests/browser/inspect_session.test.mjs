// @ts-check
// webmqtt/inspect: the session's state, as the packets have told of it.

import assert from "node:assert/strict";
import { Inspector } from "../../pkg/dist/inspect.js";
import { describeInNode, webSocket } from "./suites/in_node.mjs";

/** @typedef {import("../../pkg/dist/inspect.js").SessionState} SessionState */

const following = () => {
  const inspector = new Inspector({ webSocket, session: true });
  return {
    webSocket: inspector.webSocket,
    state: () => /** @type {SessionState} */ (inspector.session()),
    /** Direction, identifier, kind and what is awaited. */
    inFlight: () =>
      /** @type {SessionState} */ (inspector.session()).inFlight.map(
        ({ direction, packetIdentifier, type, qos, awaits, topic, times }) =>
          [direction, packetIdentifier, type, qos, awaits, topic, times].join(" "),
      ),
  };
};

/** @param {() => unknown} holds */
async function until(holds) {
  for (let turn = 0; turn < 2_000 && !holds(); turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(holds(), String(holds));
}

describeInNode("the session's state", (test) => {
  test("is not followed unless it was asked for", async ({ connected }) => {
    const inspector = new Inspector({ webSocket });
    await connected({ webSocket: inspector.webSocket });
    assert.equal(inspector.session(), undefined);
  });

  test("has each step of what is in flight, in both directions, and the quotas", async ({
    connected,
  }) => {
    const { webSocket, state, inFlight } = following();
    const { client, peer } = await connected(
      { webSocket, receiveMaximum: 7, manualAck: true },
      { properties: { receiveMaximum: 3 } },
    );
    assert.deepEqual(state().send, { receiveMaximum: 3, left: 3 });
    assert.deepEqual(state().receive, { receiveMaximum: 7, left: 7 });

    const one = client.publish("a/1", "x", { qos: 1 });
    const two = client.publish("a/2", "x", { qos: 2 });
    const nothing = client.publish("a/0", "x", { qos: 0 });
    const { messageId: first } = await peer.expect("publish");
    const { messageId: second } = await peer.expect("publish");
    await peer.expect("publish");
    await nothing;
    assert.deepEqual(inFlight(), [
      `out ${first} PUBLISH 1 PUBACK a/1 1`,
      `out ${second} PUBLISH 2 PUBREC a/2 1`,
    ]);
    assert.equal(state().send.left, 1);
    assert.ok(state().inFlight.every(({ size, since }) => size > 6 && since > 1e12));

    peer.send({ cmd: "puback", messageId: first });
    await one;
    peer.send({ cmd: "pubrec", messageId: second });
    await peer.expect("pubrel");
    assert.deepEqual(inFlight(), [`out ${second} PUBLISH 2 PUBCOMP a/2 1`]);
    assert.equal(state().send.left, 2);
    peer.send({ cmd: "pubcomp", messageId: second });
    await two;
    assert.deepEqual(inFlight(), []);
    assert.equal(state().send.left, 3);

    const subscribing = client.subscribe("b/#", { qos: 2 });
    await until(() => inFlight().length === 1);
    assert.match(inFlight()[0] ?? "", /^out \d+ SUBSCRIBE {2}SUBACK b\/# 1$/);
    await peer.grantSubscribe();
    const reading = (await subscribing)[Symbol.asyncIterator]();
    peer.send({ cmd: "publish", topic: "b/1", payload: "x", qos: 1, messageId: 70 });
    peer.send({ cmd: "publish", topic: "b/2", payload: "x", qos: 2, messageId: 71 });
    const got = [(await reading.next()).value, (await reading.next()).value];
    assert.deepEqual(inFlight(), ["in 70 PUBLISH 1 PUBACK b/1 1", "in 71 PUBLISH 2 PUBREC b/2 1"]);
    assert.equal(state().receive.left, 5);
    for (const message of got) message?.ack();
    await peer.expect("puback");
    await peer.expect("pubrec");
    assert.deepEqual(inFlight(), ["in 71 PUBLISH 2 PUBREL b/2 1"]);
    peer.send({ cmd: "pubrel", messageId: 71 });
    await peer.expect("pubcomp");
    assert.deepEqual(inFlight(), []);
    assert.equal(state().receive.left, 7);

    // A refusal ends the exchange of QoS 2.
    const refused = assert.rejects(client.publish("c", "x", { qos: 2 }));
    const { messageId } = await peer.expect("publish");
    peer.send({ cmd: "pubrec", messageId, reasonCode: 0x97 });
    await refused;
    assert.deepEqual([inFlight(), state().send.left], [[], 3]);
  });

  test("has the aliases of both directions while a connection lasts", async ({
    server,
    connected,
  }) => {
    const { webSocket, state } = following();
    const { client, peer } = await connected(
      { webSocket, topicAliasMaximum: 5 },
      { properties: { topicAliasMaximum: 2 } },
    );
    assert.deepEqual(state().aliasesOut, { maximum: 2, topics: [] });
    assert.deepEqual(state().aliasesIn, { maximum: 5, topics: [] });
    for (const topic of ["house/one", "house/one", "house/two", "house/two"]) {
      await client.publish(topic, "x");
      await peer.expect("publish");
    }
    assert.deepEqual(
      state().aliasesOut.topics.map(([, topic]) => topic),
      ["house/one", "house/two"],
    );
    const subscribing = client.subscribe("#", { qos: 1 });
    await peer.grantSubscribe();
    await subscribing;
    peer.send({
      ...{ cmd: "publish", topic: "c/d", payload: "x", qos: 0 },
      properties: { contentType: "text", topicAlias: 4 },
    });
    peer.send({
      ...{ cmd: "publish", topic: "", payload: "x", qos: 1, messageId: 1 },
      properties: { topicAlias: 4 },
    });
    await peer.expect("puback");
    assert.deepEqual(state().aliasesIn.topics, [[4, "c/d"]]);

    peer.drop();
    const again = await server.peer();
    await again.accept({ sessionPresent: false, properties: { receiveMaximum: 9 } });
    await until(() => state().connected);
    assert.deepEqual(
      [state().aliasesOut, state().aliasesIn.topics],
      [{ maximum: 0, topics: [] }, []],
    );
    assert.equal(state().send.left, 9);
    assert.equal(state().connection, 2);
  });

  test("has the subscriptions with what was granted, and loses them with the session", async ({
    server,
    connected,
  }) => {
    const { webSocket, state } = following();
    const { client, peer } = await connected(
      { webSocket, clean: false, clientId: "panel", sessionExpiry: 60, keepalive: 20 },
      { properties: { assignedClientIdentifier: "other", serverKeepAlive: 15 } },
    );
    const { clientId, clean, sessionPresent, sessionExpiry, keepalive } = state();
    assert.deepEqual(
      { clientId, clean, sessionPresent, sessionExpiry, keepalive },
      { clientId: "other", clean: false, sessionPresent: false, sessionExpiry: 60, keepalive: 15 },
    );
    const wanted = { filter: "a/#", qos: /** @type {const} */ (2), noLocal: true };
    const subscribing = client.subscribe([wanted, { filter: "b" }, { filter: "no" }], {
      retainHandling: 1,
    });
    const { messageId } = await peer.expect("subscribe");
    assert.deepEqual(
      state().subscriptions.map(({ filter, granted }) => [filter, granted]),
      [
        ["a/#", undefined],
        ["b", undefined],
        ["no", undefined],
      ],
    );
    peer.send({ cmd: "suback", messageId, granted: [1, 0, 0x87] });
    const subscription = await subscribing;
    const identified = state().subscriptions[0]?.identifier;
    assert.ok(Number(identified) > 0);
    const given = { retainAsPublished: false, retainHandling: 1, identifier: identified };
    assert.deepEqual(state().subscriptions, [
      { filter: "a/#", qos: 2, granted: 1, noLocal: true, ...given },
      { filter: "b", qos: 0, granted: 0, noLocal: false, ...given },
    ]);

    // With the session they stay, and so does what is in flight.
    const publishing = client.publish("x", "x", { qos: 1 });
    await peer.expect("publish");
    peer.drop();
    await until(() => !state().connected);
    const second = await server.peer();
    await second.accept({ sessionPresent: true });
    await second.expect("publish");
    assert.equal(state().sessionPresent, true);
    assert.equal(state().subscriptions.length, 2);
    assert.deepEqual(
      state().inFlight.map(({ awaits, times }) => [awaits, times]),
      [["PUBACK", 2]],
    );

    const leaving = subscription.unsubscribe();
    const unsubscribe = await second.expect("unsubscribe");
    assert.equal(state().subscriptions.length, 2);
    second.send({ cmd: "unsuback", messageId: unsubscribe.messageId, granted: [0, 0] });
    await leaving;
    assert.deepEqual(state().subscriptions, []);

    second.drop();
    const third = await server.peer();
    await third.accept({ sessionPresent: false });
    await third.acknowledgePublish();
    await publishing;
    assert.deepEqual(state().inFlight, []);
  });

  test("knows no quota and no alias in MQTT 3.1.1", async ({ connected }) => {
    const { webSocket, state, inFlight } = following();
    const { client, peer } = await connected({ webSocket, version: 4 });
    assert.deepEqual([state().version, state().send, state().receive], [4, {}, {}]);
    const publishing = client.publish("a", "x", { qos: 2 });
    const { messageId } = await peer.expect("publish");
    peer.send({ cmd: "pubrec", messageId });
    await peer.expect("pubrel");
    assert.deepEqual(inFlight(), [`out ${messageId} PUBLISH 2 PUBCOMP a 1`]);
    peer.send({ cmd: "pubcomp", messageId });
    await publishing;
    const subscribing = client.subscribe("a", { qos: 1 });
    await peer.grantSubscribe();
    const subscription = await subscribing;
    assert.equal(state().subscriptions[0]?.granted, 1);
    const leaving = subscription.unsubscribe();
    const unsubscribe = await peer.expect("unsubscribe");
    peer.send({ cmd: "unsuback", messageId: unsubscribe.messageId });
    await leaving;
    assert.deepEqual([state().subscriptions, inFlight()], [[], []]);
  });

  test("cuts what a server says at length, and takes nothing from packets without sense", async ({
    connected,
  }) => {
    const { webSocket, state } = following();
    const { client, peer } = await connected({ webSocket, version: 4, reconnect: false });
    const subscribing = client.subscribe("#", { qos: 2 });
    await peer.grantSubscribe();
    await subscribing;
    const topic = `${"x".repeat(40_000)}/y`;
    peer.send({ cmd: "publish", topic, payload: "x", qos: 2, messageId: 1 });
    await peer.expect("pubrec");
    assert.equal(state().inFlight[0]?.topic, "x".repeat(256));
    // A PUBACK with half an identifier, a PUBLISH without the end of its topic.
    peer.sendBytes([0x40, 1, 0]);
    peer.sendBytes([0x34, 3, 0, 9, 65]);
    await peer.expectClose();
    assert.equal(state().inFlight.length, 1);
  });

  test("is that of the client identifier: another one has nothing of it", async ({
    server,
    made,
    connected,
  }) => {
    const { webSocket, state } = following();
    const options = { webSocket, clean: false, sessionExpiry: 60 };
    const { client, peer } = await connected({ ...options, clientId: "panel" });
    // Filters are told apart by all of their bytes.
    const long = "f".repeat(300);
    const subscribing = client.subscribe([`${long}/a`, `${long}/b`], { qos: 1 });
    const { messageId } = await peer.expect("subscribe");
    peer.send({ cmd: "suback", messageId, granted: [1, 0x87] });
    await subscribing;
    assert.deepEqual(
      state().subscriptions.map(({ filter, granted }) => [filter, granted]),
      [[`${long}/a`, 1]],
    );
    const ending = client.end({ sessionExpiry: 33 });
    await peer.expect("disconnect");
    assert.equal(state().sessionExpiry, 33);
    peer.close(1000);
    await ending;

    const other = await made({ ...options, clientId: "other" });
    const connecting = other.connect();
    const second = await server.peer();
    await second.expect("connect");
    const { subscriptions, sessionPresent, clientId } = state();
    assert.deepEqual([subscriptions, sessionPresent, clientId], [[], undefined, "other"]);
    second.send({ cmd: "connack", reasonCode: 0, sessionPresent: false });
    await connecting;
  });

  test("gives a quota back only for a publish", async ({ connected }) => {
    const { webSocket, state, inFlight } = following();
    const { client, peer } = await connected(
      { webSocket, reconnect: false },
      { properties: { receiveMaximum: 3 } },
    );
    const publishing = client.publish("a", "x", { qos: 1 });
    const { messageId: published } = await peer.expect("publish");
    const subscribing = client.subscribe("b");
    const { messageId } = await peer.expect("subscribe");
    // A PUBLISH with a Subscription Identifier that does not end, and a PUBACK for a SUBSCRIBE, in one message.
    const publish = [0x32, 11, 0, 1, 98, 0, 9, 5, 0x0b, 0xff, 0xff, 0xff, 0xff];
    peer.sendBytes([...publish, 0x40, 2, 0, Number(messageId)]);
    await peer.expectClose();
    assert.deepEqual(inFlight(), [
      `out ${published} PUBLISH 1 PUBACK a 1`,
      `out ${messageId} SUBSCRIBE  SUBACK b 1`,
    ]);
    assert.equal(state().send.left, 2);
    const rejected = [assert.rejects(publishing), assert.rejects(subscribing)];
    await client.end({ force: true });
    await Promise.all(rejected);
  });
});
