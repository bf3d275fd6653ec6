// @ts-check
// A session in IndexedDB: the page is reloaded at each step of a handshake, and the next one goes on with it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Broker, whyNoBroker } from "./harness/broker.mjs";
import { useLab } from "./harness/lab.mjs";
import { errorOf, resultOf } from "./harness/page_client.mjs";
import { TEST } from "./harness/patience.mjs";
import { uniqueName, Witness } from "./harness/witness.mjs";
import {
  connectedPair,
  describeScripted,
  never,
  quick,
  titleOf,
  VERSIONS,
} from "./suites/scripted.mjs";

/** @typedef {import("./harness/lab.mjs").Bench} Bench */
/** @typedef {import("./harness/scripted_server.mjs").ScriptedServer} ScriptedServer */
/** @typedef {{ bench: Bench, server: ScriptedServer }} Setup */

const stored = {
  clientId: "stored",
  store: "indexeddb",
  durability: "strict",
  sessionExpiry: 600,
  // Firefox closes a page's sockets before the page is gone: the old client would come once more.
  ...never,
};

const present = { sessionPresent: true };

/** Keys of publishes are greater. */
const PUBLISHES = 2 ** 51;

/** Names and contents of all databases of a server's sessions, as text. @param {Setup} setup */
function contents({ bench, server }) {
  return bench.page.evaluate(async (port) => {
    /** @type {(request: IDBRequest) => Promise<any>} */
    const done = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const found = [];
    for (const { name } of await indexedDB.databases()) {
      if (!name?.includes(`:${port}/`)) continue;
      const db = await done(indexedDB.open(String(name)));
      const records = db.transaction("records").objectStore("records");
      const [keys, values] = await Promise.all([
        done(records.getAllKeys()),
        done(records.getAll()),
      ]);
      db.close();
      const decoder = new TextDecoder("latin1");
      const texts = values.map((/** @type {Uint8Array} */ value) => decoder.decode(value));
      found.push({ name: String(name), keys: /** @type {number[]} */ (keys), texts });
    }
    return found;
  }, server.port);
}

/** Waits until so many publishes are in the store. @param {Setup} setup @param {number} count */
async function untilPublishes(setup, count) {
  for (;;) {
    const keys = (await contents(setup)).flatMap((database) => database.keys);
    const publishes = keys.filter((key) => key >= PUBLISHES && key < 2 * PUBLISHES);
    if (publishes.length === count) return;
  }
}

/** The page is gone and comes back, and connects. @param {Setup} setup @param {4 | 5} version */
async function reloaded(setup, version) {
  const before = setup.server.peers.items.at(-1);
  await setup.bench.reload();
  await before?.expectClose();
  const pair = await connectedPair(setup, { ...stored, version }, present);
  assert.equal(pair.connect.clientId, "stored");
  assert.equal(pair.connect.clean, false);
  return pair;
}

/** Nothing is left of what was under way. @param {Setup} setup @param {4 | 5} version */
async function assertSettled(setup, version) {
  await untilPublishes(setup, 0);
  const { client, peer } = await reloaded(setup, version);
  assert.deepEqual(await client.restored(), []);
  const probe = client.publish("probe", "", { qos: 1 });
  assert.equal((await peer.acknowledgePublish()).topic, "probe");
  resultOf(await probe);
}

for (const version of VERSIONS) {
  describeScripted(`a page that is reloaded, ${titleOf(version)}`, (test) => {
    /** @type {(name: string, body: (setup: Setup) => Promise<void>) => void} */
    const add = (name, body) => test(name, body);

    add("QoS 1 without its PUBACK is sent again", async (setup) => {
      const first = await connectedPair(setup, { ...stored, version });
      await first.client.startPublish("a/b", "21.5", { qos: 1 });
      const sent = await first.peer.expect("publish");

      const { client, peer } = await reloaded(setup, version);
      assert.deepEqual(await client.restored(), [{ topic: "a/b", qos: 1, sent: true }]);
      const again = await peer.acknowledgePublish();
      assert.deepEqual(
        [again.messageId, again.dup, again.topic, String(again.payload)],
        [sent.messageId, true, "a/b", "21.5"],
      );
      const [outcome] = await client.restoredOutcomes();
      assert.ok(outcome);
      assert.equal(resultOf(outcome).qos, 1);
      await assertSettled(setup, version);
    });

    add("QoS 2 without its PUBREC is sent again", async (setup) => {
      const first = await connectedPair(setup, { ...stored, version });
      await first.client.startPublish("a/b", "21.5", { qos: 2 });
      const sent = await first.peer.expect("publish");

      const { client, peer } = await reloaded(setup, version);
      assert.deepEqual(await client.restored(), [{ topic: "a/b", qos: 2, sent: true }]);
      const again = await peer.expect("publish");
      assert.deepEqual([again.messageId, again.dup], [sent.messageId, true]);
      peer.send({ cmd: "pubrec", messageId: sent.messageId });
      await peer.expect("pubrel");
      peer.send({ cmd: "pubcomp", messageId: sent.messageId });
      const [outcome] = await client.restoredOutcomes();
      assert.ok(outcome);
      assert.equal(resultOf(outcome).qos, 2);
      await assertSettled(setup, version);
    });

    add("QoS 2 without its PUBCOMP is released again, and not sent", async (setup) => {
      const first = await connectedPair(setup, { ...stored, version });
      await first.client.startPublish("a/b", "21.5", { qos: 2 });
      const { messageId } = await first.peer.expect("publish");
      first.peer.send({ cmd: "pubrec", messageId });
      await first.peer.expect("pubrel");

      const { client, peer } = await reloaded(setup, version);
      assert.deepEqual(await client.restored(), [{ qos: 2, sent: true }]);
      assert.equal((await peer.expect("pubrel")).messageId, messageId);
      peer.send({ cmd: "pubcomp", messageId });
      const [outcome] = await client.restoredOutcomes();
      assert.ok(outcome);
      resultOf(outcome);
      await assertSettled(setup, version);
    });

    add("what is over is over", async (setup) => {
      const first = await connectedPair(setup, { ...stored, version });
      const publishing = first.client.publish("a/b", "21.5", { qos: 2 });
      const { messageId } = await first.peer.expect("publish");
      first.peer.send({ cmd: "pubrec", messageId });
      await first.peer.expect("pubrel");
      first.peer.send({ cmd: "pubcomp", messageId });
      resultOf(await publishing);
      await assertSettled(setup, version);
    });

    add("what waited without a connection still waits, in its order", async (setup) => {
      const first = await setup.bench.client(setup.server.url, { ...quick, ...stored, version });
      for (const text of ["1", "2", "3"]) await first.startPublish("q", text, { qos: 1 });
      await untilPublishes(setup, 3);
      await setup.bench.reload();
      const { client, peer } = await connectedPair(setup, { ...stored, version });
      const waiting = { topic: "q", qos: 1, sent: false };
      assert.deepEqual(await client.restored(), [waiting, waiting, waiting]);
      for (const text of ["1", "2", "3"]) {
        const { payload, dup } = await peer.acknowledgePublish();
        assert.deepEqual([String(payload), dup], [text, false]);
      }
      for (const outcome of await client.restoredOutcomes()) resultOf(outcome);
      await assertSettled(setup, version);
    });

    add("a QoS 1 message that the server sends again is delivered", async (setup) => {
      const { subscription, peer } = await subscribed(setup, version);
      peer.send({ cmd: "publish", topic: "in", payload: "1", qos: 1, messageId: 9 });
      await subscription.until("1");
      await peer.expect("puback");

      await setup.bench.reload();
      const after = await subscribed(setup, version, present);
      const again = { cmd: "publish", topic: "in", payload: "1", qos: 1, messageId: 9, dup: true };
      after.peer.send(again);
      await after.subscription.until("1");
      await after.peer.expect("puback");
    });

    add("a QoS 2 message without its PUBREL is not delivered again", async (setup) => {
      const { subscription, peer } = await subscribed(setup, version);
      peer.send({ cmd: "publish", topic: "in", payload: "1", qos: 2, messageId: 9 });
      await subscription.until("1");
      await peer.expect("pubrec");

      await setup.bench.reload();
      const after = await subscribed(setup, version, present);
      const again = { cmd: "publish", topic: "in", payload: "1", qos: 2, messageId: 9, dup: true };
      after.peer.send(again);
      assert.equal((await after.peer.expect("pubrec")).messageId, 9);
      after.peer.send({ cmd: "pubrel", messageId: 9 });
      assert.equal((await after.peer.expect("pubcomp")).messageId, 9);
      await assertNextIsNew(after);
    });

    add(
      "a QoS 2 message whose PUBCOMP got lost is completed, and its identifier is free",
      async (setup) => {
        const { subscription, peer } = await subscribed(setup, version);
        peer.send({ cmd: "publish", topic: "in", payload: "1", qos: 2, messageId: 9 });
        await subscription.until("1");
        await peer.expect("pubrec");
        peer.send({ cmd: "pubrel", messageId: 9 });
        await peer.expect("pubcomp");

        await setup.bench.reload();
        const after = await subscribed(setup, version, present);
        after.peer.send({ cmd: "pubrel", messageId: 9 });
        assert.equal((await after.peer.expect("pubcomp")).messageId, 9);
        await assertNextIsNew(after);
      },
    );
  });
}

/**
 * A connected client with a subscription to `in`.
 * @param {Setup} setup @param {4 | 5} version @param {{ sessionPresent?: boolean }} [connack]
 */
async function subscribed(setup, version, connack) {
  const { client, peer } = await connectedPair(setup, { ...stored, version }, connack);
  const subscribing = client.subscribe("in", { qos: 2 });
  await peer.grantSubscribe();
  return { client, peer, subscription: resultOf(await subscribing) };
}

/**
 * The next thing that is delivered is this, under the same identifier.
 * @param {Awaited<ReturnType<typeof subscribed>>} page
 */
async function assertNextIsNew({ peer, subscription }) {
  peer.send({ cmd: "publish", topic: "in", payload: "2", qos: 2, messageId: 9 });
  const seen = await subscription.until("2");
  assert.deepEqual(
    seen.map(({ text }) => text),
    ["2"],
  );
}

describeScripted("a session in the browser's storage", (test, lab) => {
  test("neither user name nor password nor the will is in it", async (setup) => {
    const url = setup.server.url.replace("://", "://ann:p%40ssword@");
    const will = { topic: "will", payload: "testament" };
    const at = { ...setup.server, url: `${url}?token=t0ken`, peer: () => setup.server.peer() };
    const server = /** @type {any} */ (at);
    const { client, peer } = await connectedPair({ ...setup, server }, { ...stored, will });
    await client.startPublish("a/b", "kept", { qos: 1 });
    await peer.expect("publish");
    const found = JSON.stringify(await contents(setup));
    assert.match(found, /kept/);
    assert.doesNotMatch(found, /ann|p@ssword|p%40ssword|testament|t0ken/);
  });

  test("a tab has a client id of its own, which it keeps", async (setup) => {
    const { clientId, ...options } = stored;
    const first = await setup.bench.client(setup.server.url, options);
    assert.match(first.clientId, /^webmqtt-/);
    const other = await lab.open();
    const second = await other.client(setup.server.url, options);
    assert.notEqual(second.clientId, first.clientId);
    await other.page.close();
    await setup.bench.reload();
    const again = await setup.bench.client(setup.server.url, options);
    assert.equal(again.clientId, first.clientId);
    // A copy of the tab has a copy of its sessionStorage; here it is a second client of the same one.
    const copy = await setup.bench.client(setup.server.url, options);
    assert.notEqual(copy.clientId, first.clientId);
  });

  test("a client id is one tab's alone", async (setup) => {
    await connectedPair(setup, stored);
    const other = await lab.open();
    const refused = await made(other, setup.server.url, stored);
    assert.match(errorOf(refused, "client-id-in-use").remediation, /exclusive/);
    await other.page.close();
  });

  test("who waits for a client id goes on with the session of a tab that is closed", async (setup) => {
    const tab = await lab.open();
    const first = await connectedPair({ ...setup, bench: tab }, stored);
    await first.client.startPublish("a/b", "21.5", { qos: 1 });
    await first.peer.expect("publish");
    const waiting = setup.bench.client(setup.server.url, { ...stored, exclusive: "wait" });
    await untilWaiting(setup);
    await tab.page.close();
    await first.peer.expectClose();
    const second = await waiting;
    assert.deepEqual(await second.restored(), [{ topic: "a/b", qos: 1, sent: true }]);
    const connecting = second.connect();
    const peer = await setup.server.peer();
    await peer.accept(present);
    resultOf(await connecting);
    assert.equal((await peer.acknowledgePublish()).dup, true);
  });

  test("who waits for a client id goes on when the other client has ended", async (setup) => {
    const first = await connectedPair(setup, stored);
    const waiting = setup.bench.client(setup.server.url, { ...stored, exclusive: "wait" });
    await untilWaiting(setup);
    const ending = first.client.end();
    await first.peer.expectClose();
    resultOf(await ending);
    assert.equal((await waiting).clientId, "stored");
  });

  test("nobody has to wait for a client id for ever", async (setup) => {
    await connectedPair(setup, stored);
    const refused = await setup.bench.page.evaluate(
      ([url, all]) =>
        globalThis.bench.outcome(() => {
          const signal = AbortSignal.timeout(100);
          return globalThis.bench.webmqtt.createClient(url, { ...all, exclusive: "wait", signal });
        }),
      /** @type {const} */ ([setup.server.url, stored]),
    );
    errorOf(refused, "aborted");
  });

  test("a client id can be one tab's alone without a store", async (setup) => {
    const options = { clientId: "alone", exclusive: true };
    const first = await setup.bench.client(setup.server.url, options);
    errorOf(await made(setup.bench, setup.server.url, options), "client-id-in-use");
    // Another broker's clients are others, and so are those that did not ask.
    await setup.bench.client(`${setup.server.url}/elsewhere`, options);
    await setup.bench.client(setup.server.url, { clientId: "alone" });
    resultOf(await first.end());
    await setup.bench.client(setup.server.url, options);
  });

  test("a store without room is an error event, and nothing waits for it", async (setup) => {
    const { client, peer } = await connectedPair(setup, stored);
    await setup.bench.page.evaluate(() => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    const publishing = client.publish("a/b", "21.5", { qos: 2 });
    const { messageId } = await peer.expect("publish");
    peer.send({ cmd: "pubrec", messageId });
    await peer.expect("pubrel");
    peer.send({ cmd: "pubcomp", messageId });
    resultOf(await publishing);
    const error = await client.untilError("store");
    assert.match(error.message, /QuotaExceededError/);
    // What is no longer kept up must not mislead the next page.
    while ((await contents(setup)).some(({ keys }) => keys.length > 0));
    resultOf(await client.end());
  });

  test("a browser without a database is an error event", async (setup) => {
    await setup.bench.page.evaluate(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("not here", "SecurityError");
      };
    });
    const { client, peer } = await connectedPair(setup, stored);
    assert.match((await client.untilError("store")).message, /SecurityError/);
    const publishing = client.publish("a/b", "21.5", { qos: 1 });
    await peer.acknowledgePublish();
    resultOf(await publishing);
  });

  test("a database that somebody deletes is let go, and the client goes on", async (setup) => {
    const { client, peer } = await connectedPair(setup, stored);
    assert.equal(await deleted(setup), 1);
    await client.untilError("store");
    const publishing = client.publish("a/b", "21.5", { qos: 1 });
    await peer.acknowledgePublish();
    resultOf(await publishing);
  });

  test("a database that does not open in time is an error event", async (setup) => {
    const { client } = await connectedPair(setup, stored);
    const holding = await lab.open();
    await holding.page.evaluate(async (port) => {
      const name = (await indexedDB.databases()).find(({ name }) => name?.includes(`:${port}/`));
      const request = indexedDB.open(String(name?.name));
      await new Promise((resolve) => {
        request.onsuccess = resolve;
      });
      // It does not let go, so this has to wait, and so has everybody who comes later.
      indexedDB.deleteDatabase(String(name?.name));
    }, setup.server.port);
    const ending = client.end();
    await setup.server.peers.items.at(-1)?.expectClose();
    resultOf(await ending);
    const { client: second, peer } = await connectedPair(setup, stored);
    assert.match((await second.untilError("store")).message, /TimeoutError/);
    const publishing = second.publish("a/b", "21.5", { qos: 1 });
    await peer.acknowledgePublish();
    resultOf(await publishing);
    await holding.page.close();
  });

  test("a damaged record costs what it is about", async (setup) => {
    const first = await setup.bench.client(setup.server.url, { ...quick, ...stored });
    for (const text of ["1", "2", "3"]) await first.startPublish("q", text, { qos: 1 });
    await untilPublishes(setup, 3);
    await setup.bench.reload();
    await damage(setup, PUBLISHES + 2);
    const { client, peer } = await connectedPair(setup, stored);
    assert.match((await client.untilError("store")).message, /1 of the stored records/);
    assert.equal((await client.restored()).length, 2);
    for (const text of ["1", "3"]) {
      assert.equal(String((await peer.acknowledgePublish()).payload), text);
    }
    await untilPublishes(setup, 0);
  });

  test("a damaged session is told, and another one begins", async (setup) => {
    const first = await setup.bench.client(setup.server.url, { ...quick, ...stored });
    await first.startPublish("q", "1", { qos: 1 });
    await untilPublishes(setup, 1);
    await setup.bench.reload();
    await damage(setup, 0);
    const { client, peer } = await connectedPair(setup, stored);
    assert.match((await client.untilError("store")).message, /the stored session/);
    assert.deepEqual(await client.restored(), []);
    const publishing = client.publish("q", "2", { qos: 1 });
    assert.equal(String((await peer.acknowledgePublish()).payload), "2");
    resultOf(await publishing);
  });

  test("a connect() that fails leaves what is in the store to the next one", async (setup) => {
    const first = await setup.bench.client(setup.server.url, { ...quick, ...stored });
    await first.startPublish("q", "1", { qos: 1 });
    await untilPublishes(setup, 1);
    await setup.bench.reload();
    setup.server.upgrade.status = 503;
    const failed = await setup.bench.page.evaluate(
      ([url, all]) => globalThis.bench.outcome(() => globalThis.bench.webmqtt.connect(url, all)),
      /** @type {const} */ ([setup.server.url, stored]),
    );
    errorOf(failed, "unreachable");
    setup.server.upgrade.status = undefined;
    const { client, peer } = await connectedPair(setup, stored);
    assert.deepEqual(await client.restored(), [{ topic: "q", qos: 1, sent: false }]);
    assert.equal(String((await peer.acknowledgePublish()).payload), "1");
  });

  test("after end() there is neither a database handle nor a lock", async (setup) => {
    const { client, peer } = await connectedPair(setup, stored);
    await client.startPublish("a/b", "21.5", { qos: 1 });
    await peer.expect("publish");
    const ending = client.end();
    await peer.expectClose();
    resultOf(await ending);
    assert.equal(await deleted(setup), 1);
    const held = await setup.bench.page.evaluate(async () => (await navigator.locks.query()).held);
    const port = `:${setup.server.port}/`;
    assert.deepEqual(
      held?.filter(({ name }) => name?.includes(port)),
      [],
    );
  });

  test("what makes no sense with a store is refused", async ({ bench, server }) => {
    for (const options of [
      { version: 4, clean: true },
      { sessionExpiry: 0 },
      { fallback: true },
      { exclusive: false },
      { exclusive: "perhaps" },
      { durability: "eternal" },
      { store: "localStorage" },
    ]) {
      errorOf(await made(bench, server.url, { ...stored, ...options }), "option-invalid");
    }
  });

  test("without a store its module is not loaded, and with it no other", async (setup) => {
    const loaded = () =>
      setup.bench.page.evaluate(() =>
        performance
          .getEntriesByType("resource")
          .map(({ name }) => name.split("/").at(-1) ?? "")
          .filter((name) => name.endsWith(".wasm"))
          .sort(),
      );
    await setup.bench.client(setup.server.url, stored);
    assert.deepEqual(await loaded(), ["webmqtt_store_bg.wasm"]);
    await setup.bench.client(setup.server.url);
    assert.deepEqual(await loaded(), ["webmqtt_bg.wasm", "webmqtt_store_bg.wasm"]);
  });
});

/** @param {Bench} bench @param {string} url @param {object} options */
function made(bench, url, options) {
  return bench.page.evaluate(
    ([url, all]) =>
      globalThis.bench.outcome(
        () => globalThis.bench.webmqtt.createClient(url, all),
        () => null,
      ),
    /** @type {const} */ ([url, options]),
  );
}

/** Until somebody waits for the lock of a client id. @param {Setup} setup */
function untilWaiting({ bench, server }) {
  return bench.page.evaluate(async (port) => {
    for (;;) {
      const { pending } = await navigator.locks.query();
      if (pending?.some(({ name }) => name?.includes(`:${port}/`))) return;
    }
  }, server.port);
}

/** Deletes the databases of a server's sessions; never if somebody has one open. @param {Setup} setup */
function deleted({ bench, server }) {
  return bench.page.evaluate(async (port) => {
    const all = (await indexedDB.databases()).filter(({ name }) => name?.includes(`:${port}/`));
    const done = all.map(({ name }) => {
      const request = indexedDB.deleteDatabase(String(name));
      return new Promise((resolve, reject) => {
        request.onsuccess = resolve;
        request.onerror = () => reject(request.error);
      });
    });
    await Promise.all(done);
    return all.length;
  }, server.port);
}

/** Turns one bit of this record. @param {Setup} setup @param {number} key */
function damage({ bench, server }, key) {
  const at = /** @type {const} */ ([server.port, key]);
  return bench.page.evaluate(async ([port, key]) => {
    const all = await indexedDB.databases();
    const name = all.map(({ name }) => name).find((name) => name?.includes(`:${port}/`));
    const request = indexedDB.open(String(name));
    await new Promise((resolve) => {
      request.onsuccess = resolve;
    });
    const transaction = request.result.transaction("records", "readwrite");
    const records = transaction.objectStore("records");
    const got = records.get(key);
    got.onsuccess = () => {
      got.result[got.result.length - 1] ^= 1;
      records.put(got.result, key);
    };
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    request.result.close();
  }, at);
}

const missing = await whyNoBroker("mosquitto");

describe("reloads in the middle of a flow, with Mosquitto", { skip: missing }, () => {
  const lab = useLab();
  for (const version of VERSIONS) {
    for (const qos of /** @type {const} */ ([1, 2])) {
      const what = qos === 1 ? "nothing is lost" : "nothing is lost and nothing comes twice";
      test(`${titleOf(version)}, QoS ${qos}: ${what}`, { timeout: TEST }, async () => {
        const broker = await Broker.start("mosquitto");
        try {
          await flow(broker, version, qos);
        } finally {
          await broker.stop();
        }
      });
    }
  }

  /** @param {Broker} broker @param {4 | 5} version @param {1 | 2} qos */
  async function flow(broker, version, qos) {
    const topic = uniqueName("flow");
    const witness = await Witness.connect(broker.url, { version });
    await witness.subscribe(topic, qos);
    const bench = await lab.open();
    const options = { ...quick, ...stored, version, clientId: uniqueName("flow") };
    const rounds = 6;
    const each = 50;
    for (let round = 0; round < rounds; round++) {
      const client = await bench.connected(broker.url, options);
      const last = (round + 1) * each;
      const publishing = client.publishSeries(topic, last - each + 1, last, { qos });
      publishing.catch(() => {});
      // All of them were called in one turn, so they are in the store when the first has left.
      await witness.until(topic, String(last - each + 1 + round * 9));
      await bench.reload();
    }
    const client = await bench.connected(broker.url, options);
    for (const outcome of await client.restoredOutcomes()) resultOf(outcome);
    const texts = await witness.untilAll(topic, rounds * each);
    await witness.publish(topic, "end", { qos });
    await witness.until(topic, "end");
    if (qos === 2) assert.equal(texts.length, rounds * each);
    resultOf(await client.end());
    await bench.page.close();
    await witness.end();
  }
});
