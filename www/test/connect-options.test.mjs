import assert from "node:assert/strict";
import { test } from "node:test";
import { connectOptions, toUserProperties, usesScram } from "../src/connect-options.ts";
import { USUAL } from "../src/profile.ts";

const options = (changes) => connectOptions({ ...USUAL, ...changes });

test("an empty field is left to the package", () => {
  assert.deepEqual(options({}), {
    version: 5,
    clean: true,
    reconnect: {},
    fallback: false,
    lowerQos: false,
    requestProblemInformation: true,
    requestResponseInformation: false,
  });
});

test("every field of the form becomes its option", () => {
  const all = options({
    clientId: "c",
    username: "u",
    password: "p",
    keepalive: "0",
    expiry: "never",
    clean: false,
    receiveMaximum: "10",
    maximumPacketSize: "2000",
    topicAliasMaximum: "3",
    sendTopicAliases: "0",
    redirects: "2",
    connectTimeout: "5000",
    reconnectMin: "1",
    reconnectMax: "20",
    reconnectAttempts: "4",
    subprotocol: "mqttv5",
    fallback: true,
    lowerQos: true,
    requestProblemInformation: false,
    requestResponseInformation: true,
    userProperties: "a=1\n\na = x=y\nflag",
    willTopic: "w",
    willPayload: "gone",
    willQos: "2",
    willRetain: true,
    willDelay: "5",
    willExpiry: "60",
    willContentType: "text/plain",
    willResponseTopic: "r",
    willCorrelationData: "é",
    willIsText: true,
    willUserProperties: "k=v",
  });
  assert.deepEqual(all, {
    version: 5,
    clean: false,
    reconnect: { min: 1, max: 20, attempts: 4 },
    clientId: "c",
    username: "u",
    password: "p",
    keepalive: 0,
    maximumPacketSize: 2000,
    connectTimeout: 5000,
    subprotocol: "mqttv5",
    will: {
      topic: "w",
      payload: "gone",
      qos: 2,
      retain: true,
      payloadIsText: true,
      delay: 5,
      messageExpiry: 60,
      contentType: "text/plain",
      responseTopic: "r",
      correlationData: Uint8Array.of(0xc3, 0xa9),
      userProperties: [["k", "v"]],
    },
    fallback: true,
    lowerQos: true,
    requestProblemInformation: false,
    requestResponseInformation: true,
    sessionExpiry: Number.POSITIVE_INFINITY,
    receiveMaximum: 10,
    topicAliasMaximum: 3,
    sendTopicAliases: 0,
    redirects: 2,
    userProperties: [
      ["a", "1"],
      ["a", "x=y"],
      ["flag", ""],
    ],
  });
});

test("what only MQTT 5 has is left out for 3.1.1 and 3.1", () => {
  for (const version of ["4", "3"]) {
    const old = options({
      version,
      expiry: "5",
      userProperties: "a=1",
      fallback: true,
      auth: "scram",
      username: "u",
      willTopic: "w",
      willDelay: "5",
    });
    assert.deepEqual(old, {
      version: Number(version),
      clean: true,
      reconnect: {},
      username: "u",
      will: { topic: "w", payload: "", qos: 0, retain: false },
    });
  }
});

test("user name and password for SCRAM do not go into the CONNECT", () => {
  const scram = { ...USUAL, auth: "scram", username: "u", password: "p", fallback: true };
  assert.equal(usesScram(scram), true);
  const { username, password, fallback } = connectOptions(scram);
  assert.deepEqual([username, password, fallback], [undefined, undefined, false]);
});

test("no retries at all is an option too", () => {
  assert.equal(options({ reconnectAttempts: "0" }).reconnect, false);
});

test("user properties keep their order and repetitions", () => {
  assert.deepEqual(toUserProperties("b=2\r\na=1\nb=3"), [
    ["b", "2"],
    ["a", "1"],
    ["b", "3"],
  ]);
});

test("a session that survives a reload has a store, and neither begins clean nor falls back", () => {
  const kept = options({ store: "strict", clean: true, fallback: true });
  const { store, durability, clean, fallback } = kept;
  assert.deepEqual(
    { store, durability, clean, fallback },
    { store: "indexeddb", durability: "strict", clean: false, fallback: false },
  );
  assert.equal(options({ store: "relaxed", version: "4" }).durability, "relaxed");
  assert.ok(!("store" in options({ store: "anything" })));
});

test("what signs for AWS IoT is no user name and no password", () => {
  const signed = options({ auth: "aws", username: "AKID", password: "secret" });
  assert.ok(!("username" in signed || "password" in signed));
});
