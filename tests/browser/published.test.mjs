// @ts-check
// Publishes that leave together are told together; each is settled by itself all the same.

import assert from "node:assert/strict";
import path from "node:path";
import { test as plainTest } from "node:test";
import { build } from "esbuild";
import { packageDirectory } from "./harness/site.mjs";
import { describeScripted, titleOf, VERSIONS } from "./suites/scripted.mjs";

/** A part of the package by itself. @param {string} name @returns {Promise<any>} */
async function part(name) {
  const { outputFiles } = await build({
    entryPoints: [path.join(packageDirectory, `src/${name}.ts`)],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  const script = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  return import(`data:text/javascript;base64,${script}`);
}

/** What the reader calls for a batch of records. @param {unknown[]} batch */
async function calls(batch) {
  /** @type {typeof import("../../pkg/src/records.ts")} */
  const { readRecords } = await part("records");
  /** @type {unknown[]} */
  const seen = [];
  const reader = {
    topics: [],
    /** @type {import("../../pkg/src/records.ts").RecordReader["onPublished"]} */
    onPublished: (token, code, reason, _words, qos) =>
      seen.push(code ? [token] : reason || qos ? [token, reason, qos] : token),
    onWritable: () => seen.push("writable"),
  };
  readRecords(batch, /** @type {any} */ (reader));
  return seen;
}

plainTest("a run of tokens ends before its end, also beyond the greatest token", async () => {
  const greatest = 2 ** 32 - 1;
  const [done, failed, writable] = [12, 3, 10];
  const batch = [done, 1, 4, 0, writable];
  batch.push(done, greatest - 1, 0, 0, done, 1, 2, 0);
  const failure = [failed, 2, 1, undefined, undefined, undefined];
  const seen = await calls([...batch, ...failure, done, 3, 4, 0]);
  assert.deepEqual(seen, [1, 2, 3, "writable", greatest - 1, greatest, 1, [2], 3]);
});

plainTest("what a run of tokens says is said of each of them", async () => {
  const seen = await calls([12, 5, 7, 1, 12, 7, 8, 2 | (0x10 << 2), 12, 8, 9, 0]);
  assert.deepEqual(seen, [[5, 0, 1], [6, 0, 1], [7, 0x10, 2], 8]);
});

plainTest("who waits is found under its token, once, in whatever order they go", async () => {
  /** @type {typeof import("../../pkg/src/waiting.ts")} */
  const { Waiters } = await part("waiting");
  /** @type {import("../../pkg/src/waiting.ts").Waiters<object>} */
  const waiters = new Waiters();
  const tokens = [...Array(1000).keys()].map((at) => (at + 2 ** 32 - 500) >>> 0);
  const waiting = tokens.map((token) => ({ token }));
  /** @type {string[]} */
  const told = [];
  await waiters.drained();
  for (const waiter of waiting) waiters.set(waiter.token, waiter);
  const drained = waiters.drained().then(() => told.push("drained"));
  // Each 7th from the end, then all others in order.
  for (let at = 999; at >= 0; at -= 7) assert.equal(waiters.take(tokens[at] ?? 0), waiting[at]);
  for (let at = 0; at < 999; at++) {
    assert.equal(waiters.take(tokens[at] ?? 0), at % 7 === 999 % 7 ? undefined : waiting[at]);
    assert.equal(waiters.take(tokens[at] ?? 0), undefined);
    if (at === 997) await Promise.resolve().then(() => told.push("one is left"));
  }
  await drained;
  assert.deepEqual(told, ["one is left", "drained"]);
});

describeScripted("publishes that leave together", (test) => {
  for (const version of VERSIONS) {
    for (const store of [undefined, "indexeddb"]) {
      const where = store ? ", with a store" : "";
      test(`each has its own result, ${titleOf(version)}${where}`, async ({ bench, server }) => {
        const next = server.peer();
        const settled = bench.page.evaluate(
          async ([url, version, store]) => {
            const { webmqtt, describeError } = globalThis.bench;
            const kept = {
              clientId: "kept",
              store,
              sessionExpiry: version === 5 ? 600 : undefined,
            };
            const client = await webmqtt.createClient(String(url), {
              version,
              ...(store && { clean: false, ...kept }),
            });
            /** @type {unknown[][]} */
            const settled = [];
            const publish = (/** @type {string} */ name, /** @type {object} */ options = {}) =>
              client.publish(name, name, options).then(
                (/** @type {object} */ result) => settled.push([name, { ...result }]),
                (/** @type {unknown} */ error) => settled.push([name, describeError(error).code]),
              );
            const aborted = new AbortController();
            const all = [
              publish("first"),
              publish("second"),
              publish("not#this"),
              publish("third"),
              publish("cancelled", { signal: aborted.signal }),
              publish("fourth"),
              publish("assured", { qos: 1 }),
              publish("last"),
            ];
            aborted.abort();
            const connecting = client.connect();
            await Promise.all(all);
            await connecting;
            // A turn of its own, with nothing before it, and one result at a time.
            await publish("alone");
            const { messagesOut } = client.stats();
            const [one, other] = await Promise.all([client.publish("a"), client.publish("b")]);
            await client.end();
            return { settled, messagesOut, areApart: one !== other };
          },
          [server.url, version, store],
        );
        const peer = await next;
        await peer.accept();
        const topics = [];
        for (let count = 0; count < 6; count++) {
          const packet = await peer.expect("publish");
          topics.push(packet.topic);
          if (packet.qos) peer.send({ cmd: "puback", messageId: packet.messageId });
        }
        const sent = ["first", "second", "third", "fourth"];
        assert.deepEqual(topics.toSorted(), [...sent, "assured", "last"].toSorted());
        for (const topic of ["alone", "a", "b"]) {
          assert.equal((await peer.expect("publish")).topic, topic);
        }
        await peer.expect("disconnect");
        peer.close(1000);
        const found = await settled;
        const handed = { qos: 0, reasonCode: 0 };
        assert.deepEqual(
          found.settled.toSorted(),
          [
            ...[...sent, "last", "alone"].map((name) => [name, handed]),
            ["not#this", "topic-wildcard"],
            ["cancelled", "aborted"],
            ["assured", { qos: 1, reasonCode: 0 }],
          ].toSorted(),
        );
        const order = found.settled.map(([name]) => name);
        assert.deepEqual(
          order.filter((name) => [...sent, "last"].includes(String(name))),
          [...sent, "last"],
        );
        assert.deepEqual([found.messagesOut, found.areApart], [7, true]);
      });
    }
  }

  test("acknowledged together, each has the answer that is its own", async ({ bench, server }) => {
    const next = server.peer();
    const answers = bench.page.evaluate(async (url) => {
      const { webmqtt, describeError } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      await client.connect();
      const all = [1, 1, 2, 1, 1, 1, 1].map((qos, at) => client.publish(`${at}`, "", { qos }));
      const answers = await Promise.all(
        all.map((one) =>
          one.then(
            (/** @type {object} */ result) => ({ ...result }),
            (/** @type {unknown} */ error) => describeError(error).code,
          ),
        ),
      );
      await client.end();
      return answers;
    }, server.url);
    const peer = await next;
    await peer.accept();
    const ids = [];
    for (let at = 0; at < 7; at++) ids.push((await peer.expect("publish")).messageId);
    peer.send({ cmd: "pubrec", messageId: ids[2] });
    await peer.expect("pubrel");
    const reasonString = "why not";
    const together = [
      { cmd: "puback", messageId: ids[0] },
      { cmd: "puback", messageId: ids[1] },
      { cmd: "pubcomp", messageId: ids[2] },
      { cmd: "puback", messageId: ids[3], reasonCode: 0x10 },
      { cmd: "puback", messageId: ids[4], reasonCode: 0x87 },
      { cmd: "puback", messageId: ids[6] },
      { cmd: "puback", messageId: ids[5], properties: { reasonString } },
    ];
    peer.sendBytes(Buffer.concat(together.map((packet) => peer.encode(packet))));
    await peer.expect("disconnect");
    peer.close(1000);
    assert.deepEqual(await answers, [
      { qos: 1, reasonCode: 0 },
      { qos: 1, reasonCode: 0 },
      { qos: 2, reasonCode: 0 },
      { qos: 1, reasonCode: 0x10 },
      "publish-refused",
      { qos: 1, reasonCode: 0, reasonString },
      { qos: 1, reasonCode: 0 },
    ]);
  });

  test("one that the server does not take fails between two that leave", async ({
    bench,
    server,
  }) => {
    const next = server.peer();
    const settled = bench.page.evaluate(async (url) => {
      const { webmqtt, describeError } = globalThis.bench;
      const client = await webmqtt.createClient(url);
      /** @type {string[]} */
      const settled = [];
      const publish = (/** @type {string} */ name, /** @type {string} */ payload) =>
        client.publish(name, payload).then(
          (/** @type {{ qos: number }} */ { qos }) => settled.push(`${name} ${qos}`),
          (/** @type {unknown} */ error) => settled.push(`${name} ${describeError(error).code}`),
        );
      const all = [
        publish("one", ""),
        publish("two", "x".repeat(1000)),
        publish("three", ""),
        publish("four", "x".repeat(1000)),
        publish("five", ""),
        publish("six", ""),
      ];
      await client.connect();
      await Promise.all(all);
      await client.end();
      return settled;
    }, server.url);
    const peer = await next;
    await peer.accept({ properties: { maximumPacketSize: 200 } });
    for (const topic of ["one", "three", "five", "six"]) {
      assert.equal((await peer.expect("publish")).topic, topic);
    }
    await peer.expect("disconnect");
    peer.close(1000);
    assert.deepEqual(await settled, [
      "one 0",
      "two packet-too-large",
      "three 0",
      "four packet-too-large",
      "five 0",
      "six 0",
    ]);
  });

  test("each has its own topic, whatever failed before it", async ({ bench, server }) => {
    const next = server.peer();
    /** Topics, and what comes of a message. @type {[topic: string | null, outcome: string, isGone?: boolean][]} */
    const messages = [
      ["", "topic-empty"],
      ["a", "sent"],
      ["a", "sent"],
      ["", "topic-empty"],
      ["", "topic-empty"],
      ["a", "sent"],
      ["a/#", "topic-wildcard"],
      ["a/#", "topic-wildcard"],
      ["a", "sent"],
      [null, "option-invalid"],
      ["b\ud800", "topic-surrogate"],
      ["a", "sent"],
      ["é", "sent"],
      ["é", "sent"],
      // Its payload was given away.
      ["c", "option-invalid", true],
      ["é", "sent"],
      ["c", "option-invalid", true],
      ["c", "sent"],
      ["a".repeat(100), "sent"],
      ["c", "sent"],
    ];
    const found = bench.page.evaluate(
      async ([url, messages]) => {
        const { webmqtt, describeError } = globalThis.bench;
        const client = await webmqtt.connect(url);
        const gone = new Uint8Array(3);
        structuredClone(gone, { transfer: [gone.buffer] });
        const publish = async (/** @type {any} */ [topic, , isGone]) => {
          try {
            await client.publish(topic, isGone ? gone : "x");
            return "sent";
          } catch (error) {
            return describeError(error).code;
          }
        };
        const outcomes = await Promise.all(messages.map(publish));
        // A request has a topic, too.
        client.request("d", "x").catch(() => {});
        await client.publish("c");
        await client.publish("d");
        await client.end({ force: true });
        return outcomes;
      },
      /** @type {const} */ ([server.url, messages]),
    );
    const peer = await next;
    await peer.accept();
    await peer.expectClose();
    assert.deepEqual(
      await found,
      messages.map(([, outcome]) => outcome),
    );
    const sent = messages.flatMap(([topic, outcome]) => (outcome === "sent" ? topic : []));
    const came = peer.packets.items.flatMap((it) => (it.cmd === "publish" ? it.topic : []));
    assert.deepEqual(came, [...sent, "c", "d"]);
  });
});
