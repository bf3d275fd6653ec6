// @ts-check
// Credentials that are asked for before every attempt, against a scripted server.

import assert from "node:assert/strict";
import { errorOf } from "./harness/page_client.mjs";
import { connectedPair, describeScripted, quick, titleOf, VERSIONS } from "./suites/scripted.mjs";

/** @param {import("mqtt-packet").IConnectPacket} connect */
const passwordOf = (connect) => String(connect.password);

describeScripted("credentials that are asked for", (test) => {
  for (const version of VERSIONS) {
    test(`${titleOf(version)}: a function is asked for the password before each attempt`, async (setup) => {
      const options = { version, username: "ann", passwords: ["first", "second", "third"] };
      const { client, peer, connect } = await connectedPair(setup, options);
      assert.equal(passwordOf(connect), "first");
      peer.drop();
      const second = await setup.server.peer();
      assert.equal(passwordOf(await second.refuse(version === 5 ? 0x87 : 5)), "second");
      const third = await setup.server.peer();
      assert.equal(passwordOf(await third.accept()), "third");
      await client.untilState("connected", 2);
      const { asked } = await client.history();
      assert.deepEqual(asked, [{ refused: false }, { refused: false }, { refused: true }]);
    });
  }

  test("the same password after its refusal is not sent again", async (setup) => {
    const options = { username: "ann", passwords: ["old", "old", "old"] };
    const { client, peer } = await connectedPair(setup, options);
    peer.drop();
    const second = await setup.server.peer();
    await second.refuse(0x86);
    const { cause } = await client.untilState("idle");
    assert.equal(cause?.code, "connect-refused");
    assert.equal(cause?.reasonCode, 0x86);
    assert.equal(setup.server.peers.items.length, 2);
  });

  test("a function that fails rejects connect() with its error as the cause, and is asked again", async ({
    bench,
    server,
  }) => {
    const client = await bench.client(server.url, {
      ...quick,
      username: "a",
      passwords: [null, "b"],
    });
    const error = errorOf(await client.connect(), "credentials");
    assert.match(error.cause ?? "", /no token/);
    assert.doesNotMatch(error.message, /no token/);
    assert.equal(error.phase, "credentials");
    assert.equal(server.upgrades.items.length, 0);

    const connecting = client.connect();
    const peer = await server.peer();
    assert.equal(passwordOf(await peer.accept()), "b");
    assert.ok("value" in (await connecting));
  });

  test("a policy of the application makes a refusal final", async (setup) => {
    const { client, peer } = await connectedPair(setup, { policy: { 136: "fatal" } });
    peer.drop();
    const second = await setup.server.peer();
    await second.refuse(0x88);
    const { cause } = await client.untilState("idle");
    assert.equal(cause?.reasonCode, 0x88);
  });
});
