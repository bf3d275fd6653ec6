// @ts-check
// Publishes that leave together are told together; each is settled by itself all the same.

import assert from "node:assert/strict";
import path from "node:path";
import { test as plainTest } from "node:test";
import { build } from "esbuild";
import { packageDirectory } from "./harness/site.mjs";
import { describeScripted, titleOf, VERSIONS } from "./suites/scripted.mjs";

/** What the reader calls for a batch of records. @param {unknown[]} batch */
async function calls(batch) {
  const { outputFiles } = await build({
    entryPoints: [path.join(packageDirectory, "src/records.ts")],
    bundle: true,
    format: "esm",
    write: false,
  });
  const script = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  /** @type {typeof import("../../pkg/src/records.ts")} */
  const { readRecords } = await import(`data:text/javascript;base64,${script}`);
  /** @type {unknown[]} */
  const seen = [];
  const onPublished = (/** @type {number} */ token, /** @type {string | undefined} */ code) =>
    seen.push(code ? [token, code] : token);
  const onWritable = () => seen.push("writable");
  readRecords(batch, /** @type {any} */ ({ topics: [], onPublished, onWritable }));
  return seen;
}

plainTest("a run of tokens ends before its end, also beyond the greatest token", async () => {
  const greatest = 2 ** 32 - 1;
  const [taken, failed, writable] = [12, 3, 10];
  const batch = [taken, 1, 4, writable];
  batch.push(taken, greatest - 1, 0, taken, 1, 2);
  const failure = [failed, 2, 1, undefined, undefined, undefined];
  const seen = await calls([...batch, ...failure, taken, 3, 4]);
  const [code] = seen.splice(7, 1);
  assert.deepEqual(seen, [1, 2, 3, "writable", greatest - 1, greatest, 1, 3]);
  assert.ok(Array.isArray(code) && code[0] === 2 && typeof code[1] === "string");
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
});
