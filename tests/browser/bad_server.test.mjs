// @ts-check
// What a server can do wrong while a client connects: each case has an error of its own with a
// remedy, connect() rejects with it, and the message that was queued arrives as soon as the server
// behaves.

import assert from "node:assert/strict";
import { facts } from "./harness/engines/engine.mjs";
import { errorOf, resultOf } from "./harness/page_client.mjs";
import { freePort } from "./harness/ports.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { describeScripted, quick, titleOf, VERSIONS } from "./suites/scripted.mjs";

/** @typedef {import("./harness/page_client.mjs").ErrorData} ErrorData */

/**
 * @typedef {object} Misbehaviour
 * @property {string} title
 * @property {(server: ScriptedServer) => Promise<void>} act the server's side of the failing attempt
 * @property {string} code
 * @property {number} [reasonCode]
 * @property {Record<string, unknown>} [options] of the client
 * @property {4 | 5} [version] the only one it applies to
 * @property {(error: ErrorData) => void} [check]
 */

/**
 * Enough for the attempt that works, and to see how far the other one gets. Firefox lets up to 400 ms pass before it
 * connects again after a failure, and they count.
 */
const SOON = 1_000;

/** @param {ScriptedServer} server */
async function connectSeen(server) {
  const peer = await server.peer();
  await peer.expect("connect");
  return peer;
}

/** @param {ScriptedServer} server @param {ScriptedServer["upgrade"]} upgrade */
async function upgradeBadly(server, upgrade) {
  server.upgrade = upgrade;
  await server.upgrades.until(
    (upgrades) => upgrades[0],
    () => "the upgrade request",
  );
  server.upgrade = {};
}

/**
 * Browsers fail such a connection by themselves and do not tell the page why; but some open one for which the server
 * selected nothing.
 * @param {string | false} subprotocol
 * @returns {Misbehaviour}
 */
const wrongSubprotocol = (subprotocol) => ({
  title: `a WebSocket server that selects ${subprotocol || "no subprotocol"}`,
  act: async (server) => {
    await upgradeBadly(server, { subprotocol });
    const peer = await server.peer();
    await peer.expectClose();
    assert.deepEqual(peer.kinds(), []);
  },
  code: subprotocol || !facts().opensWithoutSubprotocol ? "unreachable" : "subprotocol",
  check: (error) => assert.match(error.remediation, /subprotocol/),
});

/** @param {number} returnCode @param {number} reasonCode @returns {Misbehaviour} */
const refusalOf311 = (returnCode, reasonCode) => ({
  title: `a CONNACK with return code ${returnCode}`,
  act: async (server) => {
    const peer = await server.peer();
    await peer.refuse(returnCode);
    await peer.expectClose();
  },
  code: "connect-refused",
  reasonCode,
  version: 4,
});

/** @param {number} reasonCode @returns {Misbehaviour} */
const refusalOf5 = (reasonCode) => ({
  title: `a CONNACK with reason code 0x${reasonCode.toString(16)}`,
  act: async (server) => {
    const peer = await server.peer();
    await peer.refuse(reasonCode);
    await peer.expectClose();
  },
  code: "connect-refused",
  reasonCode,
  version: 5,
});

/**
 * @param {string} what
 * @param {number[]} bytes
 * @param {Partial<Misbehaviour>} [more]
 * @returns {Misbehaviour}
 */
const insteadOfConnack = (what, bytes, more) => ({
  title: `${what} instead of a CONNACK`,
  act: async (server) => {
    const peer = await connectSeen(server);
    peer.sendBytes(bytes);
    await peer.expectClose();
  },
  code: "protocol-error",
  ...more,
});

/** @type {Misbehaviour[]} */
const MISBEHAVIOURS = [
  refusalOf311(1, 0x84),
  refusalOf311(2, 0x85),
  refusalOf311(3, 0x88),
  refusalOf311(4, 0x86),
  refusalOf311(5, 0x87),
  ...[0x80, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x97, 0x9c, 0x9f].map(refusalOf5),
  {
    title: "a 3.1.1 server's answer to a CONNECT of MQTT 5",
    act: async (server) => {
      const peer = await connectSeen(server);
      peer.sendBytes([0x20, 0x02, 0x00, 0x01]);
      await peer.expectClose();
    },
    code: "connect-refused",
    reasonCode: 0x84,
    version: 5,
    check: (error) => assert.match(error.remediation, /version/),
  },
  {
    title: "a server that never answers CONNECT",
    act: async (server) => {
      const peer = await connectSeen(server);
      await peer.expectClose();
    },
    options: { connectTimeout: SOON },
    code: "connect-timeout",
    check: (error) => assert.equal(error.phase, "connack"),
  },
  {
    title: "a server that never answers the upgrade",
    act: (server) => upgradeBadly(server, { silent: true }),
    options: { connectTimeout: SOON },
    code: "connect-timeout",
    check: (error) => assert.equal(error.phase, "open"),
  },
  {
    title: "a close right after the WebSocket was opened",
    act: async (server) => (await server.peer()).close(1000),
    code: "connection-lost",
    check: (error) => assert.equal(error.close?.code, 1000),
  },
  {
    title: "a close instead of a CONNACK",
    act: async (server) => (await connectSeen(server)).close(1011),
    code: "connection-lost",
    check: (error) => {
      assert.equal(error.close?.code, 1011);
      assert.equal(error.phase, "connack");
      assert.match(error.remediation, /password/);
      assert.match(error.remediation, /version/);
    },
  },
  {
    title: "a dropped connection instead of a CONNACK",
    act: async (server) => (await connectSeen(server)).drop(),
    code: "connection-lost",
    check: (error) => assert.equal(error.close?.code, 1006),
  },
  {
    title: "an HTTP server without WebSocket",
    act: (server) => upgradeBadly(server, { status: 404 }),
    code: "unreachable",
    check: (error) => assert.match(error.remediation, /path/),
  },
  {
    title: "an HTTP server that wants a login",
    act: (server) => upgradeBadly(server, { status: 401 }),
    code: "unreachable",
  },
  wrongSubprotocol(false),
  wrongSubprotocol("mqttv3.1"),
  {
    title: "a text message instead of a CONNACK",
    act: async (server) => {
      const peer = await connectSeen(server);
      peer.sendText("\u0020\u0002\u0000\u0000");
      await peer.expectClose();
    },
    code: "text-frame",
  },
  insteadOfConnack("a packet of type 0", [0x00, 0x00]),
  insteadOfConnack("a PUBLISH", [0x30, 0x05, 0x00, 0x01, 0x74, 0x00, 0x78], { reasonCode: 0x82 }),
  insteadOfConnack("a PINGRESP", [0xd0, 0x00], { reasonCode: 0x82 }),
  insteadOfConnack("five bytes of remaining length", [0x20, 0xff, 0xff, 0xff, 0xff, 0x01]),
  insteadOfConnack("an HTTP answer", [...Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")]),
  insteadOfConnack("a CONNACK with reserved flags", [0x21, 0x02, 0x00, 0x00], { version: 4 }),
  insteadOfConnack("a CONNACK with a reserved bit", [0x20, 0x02, 0x02, 0x00], { version: 4 }),
  insteadOfConnack("a session that was to be new and is not", [0x20, 0x02, 0x01, 0x00], {
    version: 4,
  }),
  insteadOfConnack("a session that was to be new and is not", [0x20, 0x03, 0x01, 0x00, 0x00], {
    version: 5,
    reasonCode: 0x82,
  }),
  insteadOfConnack(
    "a CONNACK with a duplicated property",
    [0x20, 0x09, 0x00, 0x00, 0x06, 0x21, 0x00, 0x0a, 0x21, 0x00, 0x0a],
    { version: 5, reasonCode: 0x82 },
  ),
  insteadOfConnack(
    "a CONNACK with Receive Maximum 0",
    [0x20, 0x06, 0x00, 0x00, 0x03, 0x21, 0x00, 0x00],
    { version: 5, reasonCode: 0x82 },
  ),
];

/**
 * The server's side of a connection that works and carries the queued message.
 * @param {ScriptedServer} server
 */
async function behave(server) {
  const peer = await server.peer();
  await peer.accept();
  const { topic, payload, dup, qos } = await peer.acknowledgePublish();
  assert.deepEqual(
    { topic, payload: payload.toString(), dup, qos },
    { topic: "queued", payload: "keep me", dup: false, qos: 1 },
  );
  return peer;
}

describeScripted("what a server can do wrong while a client connects", (test) => {
  for (const version of VERSIONS) {
    for (const misbehaviour of MISBEHAVIOURS) {
      const { title, act, code, reasonCode, options, check } = misbehaviour;
      if (misbehaviour.version && misbehaviour.version !== version) continue;
      const name = `${titleOf(version)}: ${title} is ${code}, and the queue is kept`;
      test(name, async ({ bench, server }) => {
        const client = await bench.client(server.url, { ...quick, version, ...options });
        const queued = await client.startPublish("queued", "keep me", { qos: 1 });
        const [refused] = await Promise.all([client.connect(), act(server)]);
        const error = errorOf(refused, code, reasonCode);
        check?.(error);
        assert.equal(await client.state(), "idle");
        const { states } = await client.history();
        assert.equal(states.at(-1)?.cause?.code, code);
        assert.equal(await queued.hasSettled(), false);
        const [connected, peer] = await Promise.all([client.connect(), behave(server)]);
        resultOf(connected);
        assert.deepEqual(resultOf(await queued.outcome()), { qos: 1, reasonCode: 0 });
        assert.deepEqual(peer.kinds(), ["connect", "publish"], "the message left once");
        assert.deepEqual(peer.texts, []);
      });
    }
  }

  test("a port where nobody listens is unreachable, and the queue is kept", async ({ bench }) => {
    const port = await freePort();
    const client = await bench.client(`ws://127.0.0.1:${port}/mqtt`, quick);
    const queued = await client.startPublish("queued", "keep me", { qos: 1 });
    const error = errorOf(await client.connect(), "unreachable");
    assert.equal(error.phase, "open");
    const server = await ScriptedServer.start({ port });
    try {
      const [connected] = await Promise.all([client.connect(), behave(server)]);
      resultOf(connected);
      resultOf(await queued.outcome());
    } finally {
      await server.stop();
    }
  });

  // Browsers tell of neither as they tell of a failed connection: some leave out the event `close`, some throw.
  test("a port that browsers do not connect to is unreachable", async ({ bench }) => {
    const client = await bench.client("ws://127.0.0.1:9/", quick);
    const error = errorOf(await client.connect(), "unreachable");
    assert.equal(error.phase, "open");
    assert.equal(await client.state(), "idle");
  });

  test("a URL that the policy of the page forbids is unreachable", async ({ bench }) => {
    const client = await bench.client("ws://forbidden.invalid/", quick);
    const error = errorOf(await client.connect(), "unreachable");
    assert.match(error.remediation, /Content-Security-Policy/);
    assert.equal(await client.state(), "idle");
    const { hearsOfViolations, place } = facts();
    if (!hearsOfViolations.includes(place)) return;
    const violation = await bench.page.evaluate(async () => {
      const { violations } = globalThis.bench;
      while (violations.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      return violations.pop();
    });
    assert.match(violation ?? "", /^connect-src ws:\/\/forbidden\.invalid/);
  });

  test("the reason string of a refusal is told", async ({ bench, server }) => {
    const client = await bench.client(server.url, quick);
    const [refused] = await Promise.all([
      client.connect(),
      server.peer().then(async (peer) => {
        await peer.expect("connect");
        const properties = { reasonString: "the cellar is flooded" };
        peer.send({ cmd: "connack", reasonCode: 0x88, sessionPresent: false, properties });
      }),
    ]);
    const error = errorOf(refused, "connect-refused", 0x88);
    assert.match(error.message, /the cellar is flooded/);
  });

  test("the client offers the subprotocol mqtt and speaks first, in binary", async (setup) => {
    const { bench, server } = setup;
    const client = await bench.client(server.url, quick);
    const [connected, peer] = await Promise.all([
      client.connect(),
      server.peer().then(async (peer) => {
        await peer.accept();
        return peer;
      }),
    ]);
    resultOf(connected);
    assert.deepEqual(peer.offered, ["mqtt"]);
    assert.deepEqual(peer.kinds(), ["connect"]);
    assert.deepEqual(peer.texts, []);
  });
});
