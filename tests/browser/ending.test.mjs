// @ts-check
// How a client ends: DISCONNECT is its last packet, the server closes, every promise settles, and
// no connection is made after it.

import assert from "node:assert/strict";
import { assertMqttError, errorOf, resultOf } from "./harness/page_client.mjs";
import {
  connectedPair,
  describeScripted,
  never,
  quick,
  titleOf,
  VERSIONS,
} from "./suites/scripted.mjs";

/** @typedef {import("./suites/scripted.mjs").Bench} Bench */
/** @typedef {import("./harness/scripted_server.mjs").ScriptedServer} ScriptedServer */

/**
 * A second client connects and publishes: whatever the first one would still do by itself, with its
 * delays of a few milliseconds, has happened by then.
 * @param {{ bench: Bench, server: ScriptedServer }} setup @param {number} connections expected so far
 */
async function assertNoMoreConnections(setup, connections) {
  for (let round = 1; round <= 5; round++) {
    const { client, peer, connect } = await connectedPair(setup, { clientId: `marker-${round}` });
    assert.equal(connect.clientId, `marker-${round}`, "the ended client did not connect again");
    const publishing = await client.startPublish("t", "x", { qos: 1 });
    await peer.acknowledgePublish();
    resultOf(await publishing.outcome());
    const ending = client.end();
    await peer.expect("disconnect");
    peer.close();
    resultOf(await ending);
    assert.equal(setup.server.peers.items.length, connections + round);
  }
}

/** @param {import("./harness/page_client.mjs").PageClient} client */
async function assertClosed(client) {
  assert.equal(await client.state(), "closed");
  errorOf(await client.publish("t", "x"), "closed");
  errorOf(await client.publish("t", "x", { qos: 1 }), "closed");
  errorOf(await client.subscribe("t"), "closed");
  errorOf(await client.connect(), "closed");
  resultOf(await client.end());
}

describeScripted("ending a client", (test) => {
  for (const version of VERSIONS) {
    test(`${titleOf(version)}: DISCONNECT is the last packet, and the server closes`, async (setup) => {
      const { client, peer } = await connectedPair(setup, { version });
      const publishing = client.publish("last", "words");
      const ending = client.end();
      assert.equal((await peer.expect("publish")).topic, "last");
      await peer.expect("disconnect");
      assert.equal(peer.closed, undefined, "the client leaves the closing to the server");
      peer.close(1000);
      resultOf(await ending);
      resultOf(await publishing);
      assert.deepEqual(peer.kinds(), ["connect", "publish", "disconnect"]);
      await assertClosed(client);
      const states = (await client.history()).states.map(({ state }) => state);
      assert.deepEqual(states, ["connecting", "connected", "closing", "closed"]);
      await assertNoMoreConnections(setup, 1);
    });
  }

  test("a server that does not close is given a second, then the client closes", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const started = performance.now();
    const ending = client.end();
    await peer.expect("disconnect");
    await peer.expectClose();
    const waited = performance.now() - started;
    resultOf(await ending);
    assert.ok(waited > 500, `closed after ${waited} ms`);
    await assertClosed(client);
  });

  for (const code of [1000, 1001, 1011]) {
    test(`after DISCONNECT, close code ${code} is no error`, async (setup) => {
      const { client, peer } = await connectedPair(setup, {});
      const ending = client.end();
      await peer.expect("disconnect");
      peer.close(code);
      resultOf(await ending);
      const { errors, states } = await client.history();
      assert.deepEqual(errors, []);
      assert.ok(states.every(({ cause }) => cause === undefined));
    });
  }

  test("after DISCONNECT, a dropped connection is no error", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const ending = client.end();
    await peer.expect("disconnect");
    peer.drop();
    resultOf(await ending);
    const { errors, states } = await client.history();
    assert.deepEqual(errors, []);
    assert.ok(states.every(({ cause }) => cause === undefined));
  });

  test("what the broker has not acknowledged rejects as closed", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const open = await client.startPublish("t", "x", { qos: 1 });
    await peer.expect("publish");
    const subscribing = client.subscribe("t");
    await peer.expect("subscribe");
    const ending = client.end();
    await peer.expect("disconnect");
    peer.close();
    resultOf(await ending);
    errorOf(await open.outcome(), "closed");
    errorOf(await subscribing, "closed");
  });

  test("end() while connecting stops the attempt and settles connect()", async (setup) => {
    const { bench, server } = setup;
    const client = await bench.client(server.url, quick);
    const queued = await client.startPublish("t", "x", { qos: 1 });
    const connecting = client.connect();
    const peer = await server.peer();
    await peer.expect("connect");
    resultOf(await client.end());
    errorOf(await connecting, "closed");
    errorOf(await queued.outcome(), "closed");
    await peer.expectClose();
    await assertClosed(client);
    await assertNoMoreConnections(setup, 1);
  });

  test("end() while waiting for the next attempt stops it", async (setup) => {
    const { client, peer } = await connectedPair(setup, never);
    peer.drop();
    await client.untilState("waiting");
    resultOf(await client.end());
    await assertClosed(client);
    await assertNoMoreConnections(setup, 1);
  });

  test("end() before connect() settles what was queued", async (setup) => {
    const { bench, server } = setup;
    const client = await bench.client(server.url, quick);
    const queued = await client.startPublish("t", "x", { qos: 1 });
    resultOf(await client.end());
    errorOf(await queued.outcome(), "closed");
    await assertClosed(client);
    await assertNoMoreConnections(setup, 0);
  });

  test("end() with force closes without DISCONNECT", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    resultOf(await client.end({ force: true }));
    await peer.expectClose();
    assert.deepEqual(peer.kinds(), ["connect"]);
    await assertClosed(client);
    await assertNoMoreConnections(setup, 1);
  });

  test("end() called twice settles twice", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const endings = [client.end(), client.end()];
    await peer.expect("disconnect");
    peer.close();
    for (const ending of await Promise.all(endings)) resultOf(ending);
    assert.deepEqual(peer.kinds(), ["connect", "disconnect"]);
  });

  test("connect() can be aborted while the server keeps silent", async (setup) => {
    const { bench, server } = setup;
    const connecting = bench.page.evaluate(async (url) => {
      const { webmqtt, outcome } = globalThis.bench;
      const aborter = new AbortController();
      Object.assign(globalThis, { aborter });
      return outcome(() => webmqtt.connect(url, { signal: aborter.signal }));
    }, server.url);
    const peer = await server.peer();
    await peer.expect("connect");
    await bench.page.evaluate(() => globalThis.aborter.abort());
    errorOf(await connecting, "aborted");
    await peer.expectClose();
    await assertNoMoreConnections(setup, 1);
  });

  test("an aborted publish rejects, and the client goes on", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const aborted = setup.bench.page.evaluate(async (url) => {
      const { webmqtt, outcome } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      const before = await outcome(() =>
        client.publish("t", "x", { qos: 1, signal: AbortSignal.abort() }),
      );
      const aborter = new AbortController();
      const waiting = outcome(() => client.publish("t", "x", { qos: 1, signal: aborter.signal }));
      aborter.abort();
      return [before, await waiting];
    }, setup.server.url);
    for (const outcome of await aborted) errorOf(outcome, "aborted");
    const after = await client.startPublish("after", "x", { qos: 1 });
    await peer.acknowledgePublish();
    resultOf(await after.outcome());
  });

  test("why the broker ends the connection is told also to a client that is ending", async (setup) => {
    const { client, peer } = await connectedPair(setup, {});
    const ending = client.end();
    await peer.expect("disconnect");
    const properties = { reasonString: "at night" };
    peer.send({ cmd: "disconnect", reasonCode: 0x8b, properties });
    const { cause } = await client.untilState("closed");
    assertMqttError(cause, "server-disconnect", 0x8b);
    assert.equal(cause?.reasonString, "at night");
    resultOf(await ending);
  });

  test("connect() in the turn of suspend() waits for the next connection", async ({
    bench,
    server,
  }) => {
    const result = bench.page.evaluate(async (url) => {
      const { webmqtt, outcome } = globalThis.bench;
      const client = await webmqtt.connect(url);
      client.suspend();
      const again = outcome(() => client.connect());
      const at = client.state;
      const { value, error } = await again;
      return { at, code: error?.code, keepalive: value?.keepalive, state: client.state };
    }, server.url);
    await (await server.peer()).accept();
    const properties = { serverKeepAlive: 17 };
    await (await server.peer()).accept({ properties });
    assert.deepEqual(await result, {
      at: "connected",
      code: undefined,
      keepalive: 17,
      state: "connected",
    });
  });

  test("connect() in the turn in which another was aborted makes an attempt of its own", async ({
    bench,
    server,
  }) => {
    // The server answers nobody before the first attempt was aborted, however slow the page is.
    await bench.page.evaluate(async (url) => {
      const { webmqtt, outcome } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      const aborter = new AbortController();
      const first = outcome(() => client.connect({ signal: aborter.signal }));
      await new Promise((resolve) => setTimeout(resolve));
      aborter.abort();
      const second = outcome(() => client.connect());
      const kept = /** @type {any} */ (globalThis);
      kept.attempts = Promise.all([first, second, client]);
    }, server.url);
    // Whether the first attempt gets as far as the server is the browser's affair.
    let settled = false;
    const serving = (async () => {
      for (let nth = 0; ; nth++) {
        const peer = await server.peers.until(
          (peers) => (settled ? "settled" : peers[nth]),
          () => `connection ${nth + 1}`,
        );
        if (peer === "settled") return;
        peer.accept().catch(() => {});
      }
    })();
    try {
      const result = await bench.page.evaluate(async () => {
        const [first, second, client] = await /** @type {any} */ (globalThis).attempts;
        return [first.error?.code, second.error?.code, client.state];
      });
      assert.deepEqual(result, ["aborted", undefined, "connected"]);
    } finally {
      settled = true;
      server.peers.changed();
      await serving;
    }
  });
});
