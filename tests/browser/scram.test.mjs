// @ts-check
// SCRAM-SHA-256 from the page against a server that computes its side with node:crypto.

import assert from "node:assert/strict";
import path from "node:path";
import { test as plainTest } from "node:test";
import { pathToFileURL } from "node:url";
import { errorOf, resultOf } from "./harness/page_client.mjs";
import { METHOD, ScramServer } from "./harness/scram_server.mjs";
import { packageDirectory } from "./harness/site.mjs";
import { describeScripted, quick } from "./suites/scripted.mjs";

/** @typedef {import("./harness/scripted_server.mjs").Peer} Peer */

const ann = { username: "ann", password: "pencil" };

/** The properties of method and data. @param {Buffer} [data] */
const authentication = (data) => ({
  authenticationMethod: METHOD,
  ...(data && { authenticationData: data }),
});

/** The client's next AUTH with this reason code. @param {Peer} peer @param {number} reasonCode */
async function authOf(peer, reasonCode) {
  const auth = await peer.expect("auth");
  assert.equal(auth.reasonCode, reasonCode);
  assert.equal(auth.properties?.authenticationMethod, METHOD);
  return auth.properties?.authenticationData ?? Buffer.alloc(0);
}

/** Up to the client's proof. @param {Peer} peer @param {ScramServer} scram @param {Buffer} first */
async function prove(peer, scram, first) {
  const properties = authentication(scram.challenge(first));
  peer.send({ cmd: "auth", reasonCode: 0x18, properties });
  return scram.verify(await authOf(peer, 0x18));
}

/** The exchange of a connection, up to the CONNACK. @param {Peer} peer @param {ScramServer} scram */
async function exchange(peer, scram) {
  const connect = await peer.expect("connect");
  assert.equal(connect.properties?.authenticationMethod, METHOD);
  return prove(peer, scram, connect.properties?.authenticationData ?? Buffer.alloc(0));
}

/** @param {Peer} peer @param {Buffer} [data] */
function accept(peer, data) {
  const properties = authentication(data);
  peer.send({ cmd: "connack", reasonCode: 0, sessionPresent: false, properties });
}

/** The whole of it: a client that is let in. @param {Peer} peer @param {string} password */
async function letIn(peer, password) {
  const signature = await exchange(peer, new ScramServer(password));
  assert.ok(signature, "the proof is right");
  accept(peer, signature);
}

describeScripted("SCRAM-SHA-256", (test) => {
  for (const [title, username, password, stored] of [
    ["ASCII", "ann", "pencil", "pencil"],
    ["what SCRAM has to escape", "a=b,c", "=,=", "=,="],
    ["what has to be normalised", "\u212Bsa", "\uFF50\u00AA\u00A0x", "pa x"],
  ]) {
    test(`connects with ${title}`, async ({ bench, server }) => {
      const scram = new ScramServer(stored ?? "");
      const connecting = bench.connected(server.url, { ...quick, scram: { username, password } });
      const peer = await server.peer();
      const signature = await exchange(peer, scram);
      assert.equal(scram.username, username?.normalize("NFKC"));
      assert.ok(signature, "the proof is right");
      assert.equal(peer.kinds().join(), "connect,auth");
      accept(peer, signature);
      const client = await connecting;
      assert.equal(await client.state(), "connected");
    });
  }

  for (const [title, answer] of /** @type {const} */ ([
    ["a wrong signature", Buffer.from(`v=${Buffer.alloc(32).toString("base64")}`)],
    ["an error", Buffer.from("e=other-error")],
    ["no signature", undefined],
  ])) {
    test(`a server that sends ${title} is not let in`, async ({ bench, server }) => {
      const client = await bench.client(server.url, { ...quick, scram: ann });
      const connecting = client.connect();
      const peer = await server.peer();
      await exchange(peer, new ScramServer("pencil"));
      accept(peer, answer);
      const error = errorOf(await connecting, "authentication");
      assert.match(error.cause ?? "", /prove|decode/);
      assert.doesNotMatch(JSON.stringify(error), /pencil/);
      const { reasonCode } = await peer.expect("disconnect");
      assert.equal(reasonCode, 0x80);
      assert.equal(await client.state(), "idle");
    });
  }

  for (const [title, facts] of /** @type {const} */ ([
    ["too few iterations", { iterations: 4095 }],
    ["too many iterations", { iterations: 1_000_001 }],
    ["a nonce of its own", { distort: (/** @type {string} */ it) => it.replace(/r=[^,]+/, "r=x") }],
    ["the client's nonce alone", { serverNonce: "" }],
    ["an extension that must be known", { distort: (/** @type {string} */ it) => `m=x,${it}` }],
    ["nothing that it can read", { distort: () => "\u0000" }],
  ])) {
    test(`a server that answers with ${title} gets no proof`, async ({ bench, server }) => {
      const client = await bench.client(server.url, { ...quick, scram: ann });
      const connecting = client.connect();
      const peer = await server.peer();
      const connect = await peer.expect("connect");
      const scram = new ScramServer("pencil", facts);
      const first = connect.properties?.authenticationData ?? Buffer.alloc(0);
      const properties = authentication(scram.challenge(first));
      peer.send({ cmd: "auth", reasonCode: 0x18, properties });
      errorOf(await connecting, "authentication");
      await peer.expect("disconnect");
    });
  }

  test("authenticates again after a loss, and while connected", async ({ bench, server }) => {
    const connecting = bench.connected(server.url, { ...quick, scram: ann });
    await letIn(await server.peer(), "pencil");
    const client = await connecting;
    server.peers.items[0]?.drop();
    const peer = await server.peer();
    await letIn(peer, "pencil");
    await client.untilState("connected", 2);

    const authenticating = client.reauthenticate();
    const scram = new ScramServer("pencil");
    const signature = await prove(peer, scram, await authOf(peer, 0x19));
    peer.send({ cmd: "auth", reasonCode: 0, properties: authentication(signature) });
    resultOf(await authenticating);
    assert.equal(await client.state(), "connected");
  });

  test("a refused re-authentication rejects with the broker's reason", async ({
    bench,
    server,
  }) => {
    const connecting = bench.connected(server.url, { ...quick, scram: ann });
    const peer = await server.peer();
    await letIn(peer, "pencil");
    const client = await connecting;
    const authenticating = client.reauthenticate();
    await prove(peer, new ScramServer("other"), await authOf(peer, 0x19));
    peer.send({ cmd: "disconnect", reasonCode: 0x87 });
    errorOf(await authenticating, "server-disconnect", 0x87);
    // The same password would be refused again.
    const { cause } = await client.untilState("idle");
    assert.equal(cause?.reasonCode, 0x87);
    assert.equal(server.peers.items.length, 1);
  });

  test("another password is tried after a refusal", async ({ bench, server }) => {
    const scram = { username: "ann", passwords: ["pencil", "pencil", "crayon"] };
    const connecting = bench.connected(server.url, { ...quick, scram });
    await letIn(await server.peer(), "pencil");
    const client = await connecting;
    server.peers.items[0]?.drop();
    const refusing = await server.peer();
    assert.equal(await exchange(refusing, new ScramServer("crayon")), undefined);
    refusing.send({ cmd: "connack", reasonCode: 0x87, sessionPresent: false });
    await letIn(await server.peer(), "crayon");
    await client.untilState("connected", 2);
    const { asked } = await client.history();
    assert.deepEqual(asked, [{ refused: false }, { refused: false }, { refused: true }]);
  });

  test("without the option there is nothing to authenticate again", async ({ bench, server }) => {
    const connecting = bench.connected(server.url, quick);
    await (await server.peer()).accept();
    errorOf(await (await connecting).reauthenticate(), "reauthentication");
  });
});

plainTest("the example of RFC 7677, section 3", async (t) => {
  const file = pathToFileURL(path.join(packageDirectory, "dist/scram.js"));
  const { scramSha256 } = await import(file.href);
  t.mock.method(crypto, "getRandomValues", (/** @type {Uint8Array} */ bytes) => {
    bytes.set(Buffer.from("rOprNGfwEbeRWgbNEkqO", "base64"));
    return bytes;
  });
  const authenticator = scramSha256({ username: "user", password: "pencil" });
  const { data, answer, finish } = await authenticator.start({ refused: false });
  assert.equal(String(Buffer.from(data)), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const nonce = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const final = await answer(Buffer.from(`${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`));
  assert.equal(
    String(Buffer.from(final)),
    `c=biws,${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  );
  await finish(Buffer.from("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
});
