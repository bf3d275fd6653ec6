// @ts-check
// URLs that are asked for before every attempt, and what of them can be seen afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf } from "./harness/page_client.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectedPair, describeScripted, quick } from "./suites/scripted.mjs";

/** @param {ScriptedServer} server @param {string} query */
const at = (server, query) => `${server.url}?${query}`;

/** The queries that the server was asked with. @param {ScriptedServer} server */
const queries = (server) => server.upgrades.items.map(({ url }) => url?.split("?")[1]);

describeScripted("a URL that is asked for", (testWithServer, lab) => {
  testWithServer(
    "it is asked for before every attempt, and its query is seen by nobody else",
    async (setup) => {
      const { server } = setup;
      const urls = ["s=secret-1", "s=secret-2", "s=secret-3"].map((query) => at(server, query));
      const client = await setup.bench.client("", { ...quick, urls });
      assert.equal(await client.url(), "");
      const connecting = client.connect();
      const first = await server.peer();
      await first.accept();
      assert.ok("value" in (await connecting));
      assert.equal(await client.url(), server.url);
      first.drop();
      const second = await server.peer();
      await second.refuse(0x87);
      const third = await server.peer();
      await third.accept();
      await client.untilState("connected", 2);
      assert.deepEqual(queries(server), ["s=secret-1", "s=secret-2", "s=secret-3"]);
      const { states, errors, asked } = await client.history();
      assert.deepEqual(asked, [{ refused: false }, { refused: false }, { refused: true }]);
      const [begun, ...later] = states.map(({ url }) => url);
      assert.equal(begun, undefined);
      assert.deepEqual(new Set(later), new Set([server.url]));
      assert.doesNotMatch(JSON.stringify([states, errors, await connecting]), /secret/);
      const kept = await setup.bench.page.evaluate(async () => [
        JSON.stringify([localStorage, sessionStorage]),
        await indexedDB.databases(),
      ]);
      assert.deepEqual(kept, ["[{},{}]", []]);
    },
  );

  testWithServer(
    "the query of a URL that is given is seen by nobody else either",
    async (setup) => {
      const client = await setup.bench.client(at(setup.server, "s=secret"), quick);
      const connecting = client.connect();
      const peer = await setup.server.peer();
      peer.drop();
      const outcome = await connecting;
      errorOf(outcome, "connection-lost");
      assert.equal(await client.url(), setup.server.url);
      assert.doesNotMatch(JSON.stringify([outcome, await client.history()]), /secret/);
      assert.deepEqual(queries(setup.server), ["s=secret"]);
    },
  );

  testWithServer(
    "a function that fails, or gives what is no URL, fails the attempt, and is asked again after a delay",
    async (setup) => {
      const { server } = setup;
      const bad = ["no url", "https://127.0.0.1/", server.url.replace("//", "//ann:secret@")];
      const urls = [null, server.url, null, ...bad, undefined, server.url];
      const client = await setup.bench.client("", { ...quick, urls });
      const refused = errorOf(await client.connect(), "credentials");
      assert.match(refused.cause ?? "", /no token/);
      assert.equal(await client.state(), "idle");
      const connecting = client.connect();
      const peer = await server.peer();
      await peer.accept();
      assert.ok("value" in (await connecting));
      peer.drop();
      await (await server.peer()).accept();
      await client.untilState("connected", 2);
      const { states, asked } = await client.history();
      assert.equal(asked.length, urls.length);
      const waits = states.filter(({ state }) => state === "waiting");
      const causes = waits.map(({ cause }) => cause?.cause ?? cause?.code);
      assert.equal(causes[0], "connection-lost");
      const wanted = [/no token/, /WebSocket/, /https:/, /without credentials/, /WebSocket/];
      for (const [index, pattern] of wanted.entries()) {
        assert.equal(waits[index + 1]?.cause?.code, "credentials");
        assert.match(String(causes[index + 1]), pattern);
      }
      assert.doesNotMatch(JSON.stringify(states), /secret/);
    },
  );

  testWithServer("an answer has as long as the attempt", async ({ bench }) => {
    const outcome = await bench.page.evaluate(async () => {
      const { webmqtt, outcome } = globalThis.bench;
      const never = () => new Promise(() => {});
      return outcome(() => webmqtt.connect(never, { connectTimeout: 50 }));
    });
    errorOf(outcome, "credentials");
  });

  testWithServer(
    "each of several servers can be asked for, and credentials are asked for with it",
    async ({ bench, server }) => {
      const other = await ScriptedServer.start();
      try {
        const connecting = bench.page.evaluate(
          async ([gone, here]) => {
            const { webmqtt } = globalThis.bench;
            let count = 0;
            const servers = [async () => `${here}?n=${++count}`];
            const options = { servers, username: () => "ann", reconnect: { min: 1, max: 5 } };
            const client = await webmqtt.connect(gone, options);
            return client.url;
          },
          ["ws://127.0.0.1:1/", other.url],
        );
        const peer = await other.peer();
        assert.equal((await peer.accept()).username, "ann");
        assert.equal(await connecting, other.url);
        peer.drop();
        await (await other.peer()).accept();
        assert.deepEqual(queries(other), ["n=1", "n=2"]);
        assert.equal(server.upgrades.items.length, 0);
      } finally {
        await other.stop();
      }
    },
  );

  test(
    "from an https: page, ws: to another host is refused when it is asked for, too",
    lab.withPage(
      async (bench) => {
        const outcome = await bench.page.evaluate(async () => {
          const { webmqtt, outcome } = globalThis.bench;
          return outcome(() => webmqtt.connect(async () => "ws://broker.invalid:9001/mqtt"));
        });
        assert.match(errorOf(outcome, "credentials").cause ?? "", /https:/);
        assert.deepEqual(bench.sockets, []);
      },
      { tls: true },
    ),
  );

  testWithServer(
    "a redirect takes neither the query of a URL that is asked for nor that of one that is given",
    async (setup) => {
      const other = await ScriptedServer.start();
      try {
        for (const urls of [
          undefined,
          [at(setup.server, "s=secret"), at(setup.server, "s=secret")],
        ]) {
          const options = { ...quick, redirects: 1, ...(urls && { urls }) };
          const client = await setup.bench.client(at(setup.server, "s=secret"), options);
          const connecting = client.connect();
          const peer = await setup.server.peer();
          await peer.expect("connect");
          const properties = { serverReference: `127.0.0.1:${other.port}` };
          peer.send({ cmd: "connack", reasonCode: 0x9c, sessionPresent: false, properties });
          await (await other.peer()).accept();
          assert.ok("value" in (await connecting));
          assert.equal(other.upgrades.items.at(-1)?.url, "/mqtt");
          assert.equal(await client.url(), other.url);
        }
      } finally {
        await other.stop();
      }
    },
  );

  testWithServer(
    "a client with one server that is asked for, and one without, do not disturb each other",
    async (setup) => {
      const { client } = await connectedPair(setup, { urls: [at(setup.server, "a=1")] });
      const plain = await connectedPair(setup, {});
      assert.equal(await client.state(), "connected");
      assert.equal(await plain.client.url(), setup.server.url);
      assert.deepEqual(queries(setup.server), ["a=1", undefined]);
    },
  );

  testWithServer(
    "with a store, the client id names the session, and no query is in it",
    async (setup) => {
      const stored = {
        clientId: "asked",
        store: "indexeddb",
        durability: "strict",
        sessionExpiry: 600,
      };
      const first = await connectedPair(setup, {
        ...stored,
        urls: [at(setup.server, "s=secret-1")],
      });
      await first.client.startPublish("a", "1", { qos: 1 });
      const sent = await first.peer.expect("publish");
      const names = () =>
        setup.bench.page.evaluate(async () => JSON.stringify(await indexedDB.databases()));
      assert.match(await names(), /asked/);
      assert.doesNotMatch(await names(), /secret/);
      await setup.bench.reload();
      await first.peer.expectClose();
      const urls = [at(setup.server, "s=secret-2")];
      const { peer } = await connectedPair(setup, { ...stored, urls }, { sessionPresent: true });
      const again = await peer.acknowledgePublish();
      assert.deepEqual([again.messageId, again.dup], [sent.messageId, true]);
      assert.deepEqual(queries(setup.server), ["s=secret-1", "s=secret-2"]);
    },
  );
});
