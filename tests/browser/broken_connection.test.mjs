// @ts-check
// What goes wrong on a connection that stands: the cause is told, the client comes back by itself
// where that helps, and the message that was not acknowledged is sent again.

import assert from "node:assert/strict";
import { assertMqttError, errorOf, resultOf } from "./harness/page_client.mjs";
import { connectedPair, describeScripted, titleOf, VERSIONS } from "./suites/scripted.mjs";

/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

/**
 * @typedef {object} Breakage
 * @property {string} title
 * @property {(peer: Peer) => void} act
 * @property {string} code
 * @property {number} [reasonCode]
 * @property {4 | 5} [version] the only one it applies to
 * @property {Record<string, unknown>} [options] of the client
 * @property {number} [closeCode]
 */

/** The header of a PUBLISH of 1,000 bytes, and nothing of its body. */
const OVERSIZE = [0x30, 0xe8, 0x07];

/** @type {Breakage[]} */
const BREAKAGES = [
  {
    title: "a packet of type 0",
    act: (peer) => peer.sendBytes([0x00, 0x00]),
    code: "protocol-error",
  },
  {
    title: "2 KiB of noise",
    act: (peer) => peer.sendBytes(Array.from({ length: 2048 }, (_, i) => (i * 73 + 0xf3) & 0xff)),
    code: "protocol-error",
  },
  {
    title: "a PUBLISH with QoS 3",
    act: (peer) => peer.sendBytes([0x36, 0x06, 0x00, 0x01, 0x74, 0x00, 0x01, 0x00]),
    code: "protocol-error",
    reasonCode: 0x81,
  },
  {
    title: "a PUBLISH with a wildcard in its topic",
    act: (peer) => peer.sendBytes([0x30, 0x04, 0x00, 0x01, 0x23, 0x00]),
    code: "protocol-error",
  },
  {
    title: "a topic that is not UTF-8",
    act: (peer) => peer.sendBytes([0x30, 0x05, 0x00, 0x02, 0xc3, 0x28, 0x00]),
    code: "protocol-error",
    reasonCode: 0x81,
  },
  {
    title: "five bytes of remaining length",
    act: (peer) => peer.sendBytes([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
    code: "protocol-error",
    reasonCode: 0x81,
  },
  {
    title: "a second CONNACK",
    act: (peer) =>
      peer.send({ cmd: "connack", reasonCode: 0, returnCode: 0, sessionPresent: false }),
    code: "protocol-error",
    reasonCode: 0x82,
  },
  {
    title: "a packet that only clients send",
    act: (peer) => peer.sendBytes([0xc0, 0x00]),
    code: "protocol-error",
    reasonCode: 0x82,
  },
  {
    title: "a packet above the maximum packet size, judged by its header alone",
    act: (peer) => peer.sendBytes(OVERSIZE),
    options: { maximumPacketSize: 500 },
    code: "protocol-error",
    reasonCode: 0x95,
  },
  {
    title: "a topic alias that was never set",
    act: (peer) => peer.sendBytes([0x30, 0x06, 0x00, 0x00, 0x03, 0x23, 0x00, 0x01]),
    code: "protocol-error",
    version: 5,
  },
  {
    title: "a text message",
    act: (peer) => peer.sendText("30"),
    code: "text-frame",
  },
  {
    title: "DISCONNECT with reason code 0x8b",
    act: (peer) => peer.send({ cmd: "disconnect", reasonCode: 0x8b }),
    code: "server-disconnect",
    reasonCode: 0x8b,
    version: 5,
  },
  {
    title: "a DISCONNECT, which servers of 3.1.1 do not send",
    act: (peer) => peer.sendBytes([0xe0, 0x00]),
    code: "protocol-error",
    version: 4,
  },
  {
    title: "a close",
    act: (peer) => peer.close(1001),
    code: "connection-lost",
    closeCode: 1001,
  },
  {
    title: "a dropped connection",
    act: (peer) => peer.drop(),
    code: "connection-lost",
    closeCode: 1006,
  },
  {
    title: "a drop in the middle of a packet",
    act: (peer) => {
      peer.sendBytes([0x30, 0x20, 0x00, 0x01]);
      peer.drop();
    },
    code: "connection-lost",
  },
];

/** Whether the client stays while three of its pings are answered. @param {Peer} peer */
async function answersPings(peer) {
  for (let ping = 0; ping < 3; ping++) {
    const packet = await peer.next().catch(() => undefined);
    if (packet?.cmd !== "pingreq") return false;
    peer.send({ cmd: "pingresp" });
  }
  return true;
}

describeScripted("what breaks a connection that stands", (test) => {
  for (const version of VERSIONS) {
    for (const { title, act, code, reasonCode, options, closeCode, ...only } of BREAKAGES) {
      if (only.version && only.version !== version) continue;
      const name = `${titleOf(version)}: ${title} is ${code}, and nothing is lost by it`;
      test(name, async (setup) => {
        const { client, peer } = await connectedPair(setup, { version, ...options });
        const kept = await client.startPublish("kept", "in flight", { qos: 1 });
        await peer.expect("publish");
        act(peer);
        const { cause } = await client.untilState("waiting");
        assertMqttError(cause, code, reasonCode);
        if (closeCode !== undefined) assert.equal(cause?.close?.code, closeCode);
        await peer.expectClose();
        const last = peer.packets.items.at(-1);
        if (code === "protocol-error" && version === 5) {
          assert.equal(last?.cmd, "disconnect", "the server is told why");
          assert.equal(/** @type {any} */ (last).reasonCode, cause?.reasonCode);
        } else if (version === 4) {
          assert.deepEqual(peer.kinds(), ["connect", "publish"], "3.1.1 has no words for it");
        }
        const next = await setup.server.peer();
        await next.accept();
        const again = await next.acknowledgePublish();
        assert.equal(again.payload.toString(), "in flight");
        resultOf(await kept.outcome());
        assert.equal(await client.state(), "connected");
      });
    }
  }

  test("a session taken over by another client is not taken back", async (setup) => {
    const { client, peer } = await connectedPair(setup, { version: 5 });
    const kept = await client.startPublish("kept", "in flight", { qos: 1 });
    await peer.expect("publish");
    peer.send({ cmd: "disconnect", reasonCode: 0x8e });
    const { cause } = await client.untilState("idle");
    assertMqttError(cause, "session-taken-over", 0x8e);
    await peer.expectClose();
    assert.equal(await kept.hasSettled(), false);
    const [connected] = await Promise.all([
      client.connect(),
      setup.server.peer().then(async (next) => {
        await next.accept();
        await next.acknowledgePublish();
      }),
    ]);
    resultOf(connected);
    resultOf(await kept.outcome());
    assert.equal(setup.server.peers.items.length, 2, "no attempt in between");
  });

  test("a refusal after a loss stops the client, which goes on with a new password", async (setup) => {
    const credentials = { username: "u", password: "expired" };
    const { client, peer } = await connectedPair(setup, { version: 5, ...credentials });
    const kept = await client.startPublish("kept", "in flight", { qos: 1 });
    await peer.expect("publish");
    peer.drop();
    await (await setup.server.peer()).refuse(0x87);
    const { cause } = await client.untilState("idle");
    assertMqttError(cause, "connect-refused", 0x87);
    assert.equal(await kept.hasSettled(), false);
    const [connected] = await Promise.all([
      client.connect({ password: "fresh" }),
      setup.server.peer().then(async (next) => {
        const { password, username } = await next.accept();
        assert.equal(username, "u");
        assert.equal(password?.toString(), "fresh");
        await next.acknowledgePublish();
      }),
    ]);
    resultOf(connected);
    resultOf(await kept.outcome());
  });

  test("a broker that is only busy after a loss is asked again", async (setup) => {
    const { client, peer } = await connectedPair(setup, { version: 5 });
    const kept = await client.startPublish("kept", "in flight", { qos: 1 });
    await peer.expect("publish");
    peer.drop();
    for (const busy of [0x88, 0x89, 0x97]) await (await setup.server.peer()).refuse(busy);
    const next = await setup.server.peer();
    await next.accept();
    await next.acknowledgePublish();
    resultOf(await kept.outcome());
    const { states } = await client.history();
    const told = states.filter(({ cause }) => cause?.code === "connect-refused");
    assert.deepEqual(
      told.map(({ cause }) => cause?.reasonCode),
      [0x88, 0x89, 0x97],
    );
  });

  test("a server that no longer answers pings is given up and replaced", async (setup) => {
    const { client, peer } = await connectedPair(setup, { keepalive: 1 });
    await peer.expect("pingreq");
    const { cause } = await client.untilState("waiting");
    assertMqttError(cause, "keepalive-timeout");
    await (await setup.server.peer()).accept();
    await client.untilState("connected", 2);
  });

  test("a server that answers pings is kept", async (setup) => {
    const { client, peer } = await connectedPair(setup, { keepalive: 1 });
    // On a busy machine an answer may come too late, but not each time.
    let kept = await answersPings(peer);
    for (let attempt = 2; !kept && attempt <= 5; attempt++) {
      const next = await setup.server.peer();
      await next.accept();
      kept = await answersPings(next);
    }
    assert.ok(kept, "no connection outlived three pings");
    assert.equal(await client.state(), "connected");
  });

  test("the resumed session gets the same packet again, flagged as a duplicate", async (setup) => {
    const { client, peer } = await connectedPair(setup, { clean: false });
    const kept = await client.startPublish("kept", "in flight", { qos: 1 });
    const first = await peer.expect("publish");
    assert.equal(first.dup, false);
    peer.drop();
    const next = await setup.server.peer();
    await next.accept({ sessionPresent: true });
    const again = await next.acknowledgePublish();
    assert.equal(again.dup, true);
    assert.equal(again.messageId, first.messageId);
    resultOf(await kept.outcome());
  });

  test("a QoS 2 message in doubt when the session was lost is reported, not repeated", async (setup) => {
    const { client, peer } = await connectedPair(setup, { clean: false });
    const doubtful = await client.startPublish("doubtful", "x", { qos: 2 });
    const { messageId } = await peer.expect("publish");
    peer.send({ cmd: "pubrec", messageId, reasonCode: 0 });
    await peer.expect("pubrel");
    peer.drop();
    const next = await setup.server.peer();
    await next.accept({ sessionPresent: false });
    errorOf(await doubtful.outcome(), "indeterminate");
    const marker = await client.startPublish("marker", "x", { qos: 1 });
    assert.equal((await next.acknowledgePublish()).topic, "marker");
    resultOf(await marker.outcome());
  });
});
