// @ts-check
// What the broker says besides yes and no reaches the application, and what the application says at
// its end reaches the broker.

import assert from "node:assert/strict";
import { assertMqttError, errorOf, resultOf } from "./harness/page_client.mjs";
import { connectedPair, describeScripted, quick } from "./suites/scripted.mjs";

/** As the server writes them, and as the application reads them. */
const properties = { reasonString: "the cellar is flooded", userProperties: { node: ["7", "8"] } };
const answer = {
  reasonString: "the cellar is flooded",
  userProperties: [
    ["node", "7"],
    ["node", "8"],
  ],
};

/** @param {import("./harness/page_client.mjs").ErrorData | undefined} error */
const wordsOf = (error) => ({
  reasonString: error?.reasonString,
  userProperties: error?.userProperties,
});

describeScripted("answers of the broker", (test) => {
  test("the words of PUBACK and PUBREC come with the result", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const once = await client.startPublish("t", "x", { qos: 1 });
    const first = await peer.expect("publish");
    peer.send({ cmd: "puback", messageId: first.messageId, reasonCode: 0, properties });
    assert.deepEqual(resultOf(await once.outcome()), { qos: 1, reasonCode: 0, ...answer });

    const twice = await client.startPublish("t", "x", { qos: 2 });
    const { messageId } = await peer.expect("publish");
    peer.send({ cmd: "pubrec", messageId, reasonCode: 0x10, properties });
    await peer.expect("pubrel");
    peer.send({ cmd: "pubcomp", messageId, reasonCode: 0 });
    assert.deepEqual(resultOf(await twice.outcome()), { qos: 2, reasonCode: 0x10, ...answer });

    const refused = await client.startPublish("t", "x", { qos: 1 });
    const third = await peer.expect("publish");
    peer.send({ cmd: "puback", messageId: third.messageId, reasonCode: 0x97, properties });
    const error = errorOf(await refused.outcome(), "publish-refused", 0x97);
    assert.deepEqual(wordsOf(error), answer);
    assert.match(error.message, /the cellar is flooded/);
  });

  test("SUBACK and UNSUBACK have words and one result for each filter", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const subscribing = client.subscribe(["a", "secret", "c"], { qos: 1 });
    const subscribe = await peer.expect("subscribe");
    const granted = [1, 0x87, 1];
    peer.send({ cmd: "suback", messageId: subscribe.messageId, granted, properties });
    const subscription = resultOf(await subscribing);
    assert.deepEqual(subscription.grant.answer, answer);
    const refused = subscription.grant.results[1]?.error;
    assertMqttError(refused, "subscribe-refused", 0x87);
    assert.equal(refused?.filter, "secret");
    assert.deepEqual(wordsOf(refused), answer);

    const leaving = subscription.unsubscribe();
    const { messageId } = await peer.expect("unsubscribe");
    peer.send({ cmd: "unsuback", messageId, granted: [0x11, 0x80], properties });
    const left = resultOf(await leaving);
    assert.deepEqual(left.answer, answer);
    assert.deepEqual(
      left.results.map(({ filter, reasonCode, error }) => [filter, reasonCode, error?.code]),
      [
        ["a", 0x11, undefined],
        ["secret", 0x11, undefined],
        ["c", 0x80, "unsubscribe-refused"],
      ],
    );
    // It has ended; there is nothing to be told about it any more.
    assert.deepEqual(resultOf(await subscription.unsubscribe()), left);
  });

  test("a refused renewal names its filter", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const subscribing = client.subscribe(["a", "b/#"], { qos: 1 });
    await peer.grantSubscribe();
    resultOf(await subscribing);
    const next = setup.server.peer();
    peer.drop();
    const second = await next;
    await second.accept();
    const { messageId } = await second.expect("subscribe");
    second.send({ cmd: "suback", messageId, granted: [1, 0x87] });
    const publishing = await client.startPublish("t", "x", { qos: 1 });
    await second.acknowledgePublish();
    resultOf(await publishing.outcome());
    const { errors } = await client.history();
    assert.deepEqual(
      errors.map(({ code, filter }) => [code, filter]),
      [["subscribe-refused", "b/#"]],
    );
  });

  test("refusals and DISCONNECT name the other server", async (setup) => {
    const { bench, server } = setup;
    const words = { ...properties, serverReference: "other.example:8084" };
    const client = await bench.client(server.url, quick);
    const [refused] = await Promise.all([
      client.connect(),
      server.peer().then(async (peer) => {
        await peer.expect("connect");
        const code = { reasonCode: 0x9d, sessionPresent: false };
        peer.send({ cmd: "connack", ...code, properties: words });
      }),
    ]);
    const error = errorOf(refused, "connect-refused", 0x9d);
    assert.equal(error.serverReference, "other.example:8084");
    assert.deepEqual(wordsOf(error), answer);

    const { client: later, peer } = await connectedPair(setup, {});
    peer.send({ cmd: "disconnect", reasonCode: 0x9c, properties: words });
    const { cause } = await later.untilState("idle");
    assertMqttError(cause, "server-disconnect", 0x9c);
    assert.equal(cause?.serverReference, "other.example:8084");
    assert.deepEqual(wordsOf(cause), answer);
  });

  test("everything that CONNACK says can be read", async (setup) => {
    const { client } = await connectedPair(
      setup,
      { requestResponseInformation: true, sessionExpiry: 5, keepalive: 60 },
      {
        properties: {
          ...properties,
          sessionExpiryInterval: 100,
          assignedClientIdentifier: "chosen",
          serverKeepAlive: 30,
          responseInformation: "inbox/7",
          serverReference: "other.example",
          receiveMaximum: 10,
          topicAliasMaximum: 3,
          maximumQoS: 1,
          retainAvailable: false,
          maximumPacketSize: 1000,
          wildcardSubscriptionAvailable: false,
          subscriptionIdentifiersAvailable: false,
          sharedSubscriptionAvailable: false,
        },
      },
    );
    const { connections } = await client.history();
    assert.deepEqual(connections, [
      {
        ...answer,
        version: 5,
        sessionPresent: false,
        clientId: "chosen",
        keepalive: 30,
        sessionExpiry: 100,
        responseInformation: "inbox/7",
        serverReference: "other.example",
        receiveMaximum: 10,
        topicAliasMaximum: 3,
        maximumQoS: 1,
        retainAvailable: false,
        maximumPacketSize: 1000,
        wildcardSubscriptionAvailable: false,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: false,
      },
    ]);
  });
});

describeScripted("what the client says", (test) => {
  test("CONNECT asks for information, and its will says that it is text", async (setup) => {
    const { connect } = await connectedPair(setup, {
      requestProblemInformation: false,
      requestResponseInformation: true,
      userProperties: [["panel", "7"]],
      will: { topic: "will", payload: "gone", payloadIsText: true },
    });
    const { properties } = connect;
    assert.equal(properties?.requestProblemInformation, false);
    assert.equal(properties?.requestResponseInformation, true);
    assert.deepEqual({ ...properties?.userProperties }, { panel: "7" });
    const will = /** @type {any} */ (connect).will;
    assert.equal(will.properties.payloadFormatIndicator, true);
  });

  test("a broker that explains itself although it was asked not to is left", async (setup) => {
    const { client, peer } = await connectedPair(setup, { requestProblemInformation: false });
    const publishing = await client.startPublish("t", "x", { qos: 1 });
    const { messageId } = await peer.expect("publish");
    peer.send({ cmd: "puback", messageId, reasonCode: 0, properties });
    assert.equal((await peer.expect("disconnect")).reasonCode, 0x82);
    assert.equal(await publishing.hasSettled(), false);
  });

  test("end() has words of its own", async (setup) => {
    const { client, peer } = await connectedPair(setup, { sessionExpiry: 60 });
    const ending = client.end({
      reasonCode: 4,
      sessionExpiry: 5,
      reasonString: "good night",
      userProperties: [["panel", "7"]],
    });
    const { reasonCode, properties } = await peer.expect("disconnect");
    peer.close();
    resultOf(await ending);
    assert.equal(reasonCode, 4);
    assert.equal(properties?.sessionExpiryInterval, 5);
    assert.equal(properties?.reasonString, "good night");
    assert.deepEqual({ ...properties?.userProperties }, { panel: "7" });
  });

  for (const [title, options, words, code] of /** @type {const} */ ([
    ["a reason code of servers", {}, { reasonCode: 0x8e }, "reason-not-allowed"],
    ["a reason code that does not exist", {}, { reasonCode: 0x7f }, "option-invalid"],
    ["no reason code at all", {}, { reasonCode: "4" }, "option-invalid"],
    ["a longer life for a session without", {}, { sessionExpiry: 1 }, "session-expiry-zero"],
    ["a life of less than nothing", {}, { sessionExpiry: -1 }, "option-invalid"],
    ["words in MQTT 3.1.1", { version: 4 }, { reasonString: "x" }, "properties-version"],
    ["a reason in MQTT 3.1.1", { version: 4 }, { reasonCode: 4 }, "reason-not-allowed"],
  ])) {
    test(`end() refuses ${title}, and nothing has ended`, async (setup) => {
      const { client, peer } = await connectedPair(setup, options);
      errorOf(await client.end(words), code);
      const publishing = await client.startPublish("t", "x", { qos: 1 });
      await peer.acknowledgePublish();
      resultOf(await publishing.outcome());
      assert.equal(await client.state(), "connected");
      resultOf(await client.end({ force: true }));
    });
  }

  test("what only MQTT 5 has is refused for MQTT 3.1.1", async ({ bench, server }) => {
    const outcome = await bench.page.evaluate((url) => {
      const { webmqtt, outcome } = globalThis.bench;
      const options = { version: 4, userProperties: [["a", "b"]] };
      return outcome(() => webmqtt.createClient(url, options));
    }, server.url);
    errorOf(outcome, "properties-version");
  });

  test("a session of many years sets no timer that fires at once", async (setup) => {
    const { client, peer } = await connectedPair(setup, {
      sessionExpiry: 0xffff_fffe,
      reconnect: false,
      keepalive: 0,
    });
    await setup.bench.page.evaluate(() => {
      const set = globalThis.setTimeout;
      const delays = /** @type {number[]} */ ([]);
      Object.assign(globalThis, {
        delays,
        setTimeout: (/** @type {() => void} */ call, /** @type {number} */ delay) => {
          delays.push(delay);
          return set(call, delay);
        },
      });
    });
    peer.drop();
    await client.untilState("idle");
    const delays = await setup.bench.page.evaluate(() => /** @type {any} */ (globalThis).delays);
    assert.ok(delays.includes(0x7fff_ffff), `${delays}`);
    assert.ok(
      delays.every((/** @type {number} */ delay) => delay <= 0x7fff_ffff),
      `${delays}`,
    );
  });
});
