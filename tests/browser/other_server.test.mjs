// @ts-check
// A broker that names another server, and one that speaks nothing newer than MQTT 3.1.1.

import assert from "node:assert/strict";
import { errorOf, resultOf } from "./harness/page_client.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectedPair, describeScripted, quick } from "./suites/scripted.mjs";

/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

/** Refuses the CONNECT and names another server. @param {Peer} peer @param {string} serverReference */
async function refer(peer, serverReference) {
  await peer.expect("connect");
  const properties = { serverReference };
  peer.send({ cmd: "connack", reasonCode: 0x9c, sessionPresent: false, properties });
}

/** @param {(other: ScriptedServer) => Promise<void>} body */
async function withOtherServer(body) {
  const other = await ScriptedServer.start();
  try {
    await body(other);
  } finally {
    await other.stop();
  }
}

describeScripted("another server", (test) => {
  test("is not dialled unless asked for, and the error names it", async ({ bench, server }) => {
    const client = await bench.client(server.url, quick);
    const connecting = client.connect();
    await refer(await server.peer(), "127.0.0.1:1");
    const error = errorOf(await connecting, "connect-refused", 0x9c);
    assert.match(error.remediation, /redirects/);
    assert.equal(bench.sockets.length, 1);
  });

  test("is dialled with the port that is named and the path of the URL, without its query", async ({
    bench,
    server,
  }) => {
    await withOtherServer(async (other) => {
      const client = await bench.client(`${server.url}?a=b`, { ...quick, redirects: 1 });
      const connecting = client.connect();
      await refer(await server.peer(), `mqtt://127.0.0.1:1 127.0.0.1:${other.port}`);
      const peer = await other.peer();
      await peer.accept();
      resultOf(await connecting);
      assert.equal(bench.sockets[1], other.url);
      const { states } = await client.history();
      const names = states.map(({ state, cause }) => [state, cause?.reasonCode]);
      assert.deepEqual(names, [
        ["connecting", undefined],
        ["connecting", 0x9c],
        ["connected", undefined],
      ]);

      // For that connection only.
      peer.drop();
      await (await server.peer()).accept();
      await client.untilState("connected", 2);
    });
  });

  test("is followed from a connection that stands", async (setup) => {
    await withOtherServer(async (other) => {
      const { client, peer } = await connectedPair(setup, { redirects: 1 });
      const properties = { serverReference: other.url };
      peer.send({ cmd: "disconnect", reasonCode: 0x9d, properties });
      const next = await other.peer();
      await next.accept();
      await client.untilState("connected", 2);
      // Moved for good.
      next.drop();
      await (await other.peer()).accept();
      await client.untilState("connected", 3);
    });
  });

  test("that is none for WebSockets is an error", async ({ bench, server }) => {
    const client = await bench.client(server.url, { ...quick, redirects: 3 });
    const connecting = client.connect();
    await refer(await server.peer(), "mqtts://127.0.0.1:8883");
    errorOf(await connecting, "redirect-refused");
    assert.equal(bench.sockets.length, 1);
  });
});

describeScripted("a broker that speaks nothing newer than 3.1.1", (test) => {
  /** @type {[string, (peer: Peer) => void][]} */
  const refusals = [
    ["refuses the version", (peer) => peer.sendBytes([0x20, 2, 0, 1])],
    ["closes without a word", (peer) => peer.close()],
  ];
  for (const [title, refuse] of refusals) {
    test(`and ${title} is spoken to with 3.1.1`, async ({ bench, server }) => {
      const client = await bench.client(server.url, { ...quick, fallback: true });
      const published = client.publish("a", "b", { qos: 1, contentType: "text/plain" });
      const connecting = client.connect();
      const first = await server.peer();
      const { protocolVersion } = await first.expect("connect");
      assert.equal(protocolVersion, 5);
      refuse(first);
      const second = await server.peer();
      const connect = await second.accept();
      assert.equal(connect.protocolVersion, 4);
      assert.equal(resultOf(await connecting).version, 4);
      await second.acknowledgePublish();
      resultOf(await published);
    });
  }
});
