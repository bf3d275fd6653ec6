// @ts-check
// Every call that waits takes an AbortSignal: the promise rejects, and what has begun goes on.

import assert from "node:assert/strict";
import * as slim from "../../pkg/dist/slim.js";
import { describeInNode, webSocket } from "./suites/in_node.mjs";

const WHY = new Error("the user has left");

/** @param {Promise<unknown>} waiting */
async function assertAborted(waiting) {
  await assert.rejects(waiting, { name: "MqttError", code: "aborted", cause: WHY });
}

/**
 * Calls with a signal that is aborted only then.
 * @param {(signal: AbortSignal) => Promise<unknown>} call
 */
async function assertStops(call) {
  const controller = new AbortController();
  const waiting = call(controller.signal);
  // Whatever the call does at once, it has done.
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort(WHY);
  await assertAborted(waiting);
}

/** An authenticator that a server says yes to without a word. */
const auth = { method: "NONE", start: async () => ({ answer: async () => undefined }) };

describeInNode("waiting calls", (test) => {
  test("a signal that is aborted already lets nothing begin", async ({ connected }) => {
    const { client, peer } = await connected();
    const subscribing = client.subscribe("b");
    await peer.grantSubscribe();
    const subscription = await subscribing;
    const signal = AbortSignal.abort(WHY);
    for (const call of [
      () => client.connect({ signal }),
      () => client.publish("a", "x", { signal }),
      () => client.request("a", "x", { signal }),
      () => client.subscribe("a", { signal }),
      () => client.unsubscribe(subscription, { signal }),
      () => subscription.unsubscribe({ signal }),
      () => client.ready({ signal }),
      () => client.drain({ signal }),
      () => client.reauthenticate({ signal }),
      () => client.end({ signal }),
    ]) {
      await assertAborted(call());
    }
    // Had one of them said something, it would have come first.
    const publishing = client.publish("last", "x", { qos: 1 });
    assert.equal((await peer.acknowledgePublish()).topic, "last");
    await publishing;
    assert.equal(client.state, "connected");
  });

  test("loading the module", async ({ server }) => {
    const headers = { "content-type": "application/wasm" };
    void slim.load(new Response(new ReadableStream(), { headers })).catch(() => {});
    for (const call of [slim.connect, slim.createClient]) {
      await assertStops((signal) => call(server.url, { webSocket, signal }));
    }
  });

  test("connecting", async ({ made, server }) => {
    server.upgrade = { silent: true };
    const client = await made();
    await assertStops((signal) => client.connect({ signal }));
    assert.equal(client.state, "idle");
  });

  test("publishing: it stays what it was, in flight or unsent", async ({ made, connected }) => {
    const { client, peer } = await connected();
    await assertStops((signal) => client.publish("a", "x", { qos: 1, signal }));
    await peer.acknowledgePublish();
    const offline = await made();
    await assertStops((signal) => offline.publish("a", "x", { qos: 1, signal }));
  });

  test("requesting", async ({ connected }) => {
    const { client, peer } = await connected();
    const asking = assertStops((signal) => client.request("a", "x", { signal }));
    await peer.grantSubscribe();
    await asking;
  });

  test("subscribing: the subscription ends", async ({ connected }) => {
    const { client, peer } = await connected();
    await assertStops((signal) => client.subscribe("a", { signal }));
    assert.deepEqual(
      [(await peer.next()).cmd, (await peer.next()).cmd],
      ["subscribe", "unsubscribe"],
    );
  });

  test("reading: the loop ends, and the broker hears of it", async ({ connected }) => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const subscribing = client.subscribe("a", { signal: controller.signal });
    await peer.grantSubscribe();
    /** @type {string[]} */
    const got = [];
    const reading = (async (messages) => {
      for await (const message of messages) got.push(message.text());
    })(await subscribing);
    peer.send({ cmd: "publish", topic: "a", payload: "x", qos: 0 });
    const published = client.publish("b", "", { qos: 1 });
    await peer.acknowledgePublish();
    await published;
    controller.abort(WHY);
    await reading;
    assert.deepEqual(got, ["x"]);
    await peer.expect("unsubscribe");
  });

  test("unsubscribing: it ends all the same", async ({ connected }) => {
    const { client, peer } = await connected();
    const subscribing = client.subscribe("a");
    await peer.grantSubscribe();
    const subscription = await subscribing;
    await assertStops((signal) => client.unsubscribe(subscription, { signal }));
    const { messageId } = await peer.expect("unsubscribe");
    peer.send({ cmd: "unsuback", messageId, granted: [0] });
    assert.deepEqual((await subscription.unsubscribe()).results, [{ filter: "a", reasonCode: 0 }]);
  });

  test("waiting for room", async ({ made }) => {
    const client = await made();
    void client.publish("a", new Uint8Array(2_000_000), { qos: 1 }).catch(() => {});
    assert.equal(client.writable, false);
    await assertStops((signal) => client.ready({ signal }));
  });

  test("waiting for all publishes: they go on", async ({ connected }) => {
    const { client, peer } = await connected();
    const publishing = client.publish("a", "x", { qos: 1 });
    await assertStops((signal) => client.drain({ signal }));
    const drained = client.drain();
    await peer.acknowledgePublish();
    assert.equal((await publishing).qos, 1);
    await drained;
  });

  test("authenticating again", async ({ connected }) => {
    const properties = { authenticationMethod: "NONE" };
    const { client } = await connected({ auth }, { properties });
    await assertStops((signal) => client.reauthenticate({ signal }));
  });

  test("ending: it ends all the same", async ({ connected }) => {
    const { client, peer } = await connected();
    await assertStops((signal) => client.end({ signal }));
    await peer.expect("disconnect");
    peer.close();
    await client.end();
    assert.equal(client.state, "closed");
  });
});
