// @ts-check
// User name and password: right, wrong, and right at the second try.

import assert from "node:assert/strict";
import { errorOf, resultOf } from "../harness/page_client.mjs";
import { quick } from "./broker_suite.mjs";

/** @param {import("./broker_suite.mjs").Ground} ground */
export function accountTests({ version, facts, test }) {
  const { account, wrongPassword } = facts;
  if (!account || !wrongPassword) return;

  test("the right password connects", async ({ bench, url }) => {
    const client = await bench.connected(url, { ...quick, version, ...account });
    resultOf(await client.end());
  });

  test("a wrong password is refused, and what was queued goes out with the right one", async ({
    bench,
    witness,
    prefix,
    url,
  }) => {
    await witness.subscribe(`${prefix}/out`, 1);
    const options = { version, reconnect: false, ...account, password: "wrong" };
    const client = await bench.client(url, options);
    const queued = await client.startPublish(`${prefix}/out`, "queued", { qos: 1 });
    const { code, reasonCode, close } = wrongPassword;
    const error = errorOf(await client.connect(), code, reasonCode);
    assert.match(error.remediation, /password/i);
    if (close !== undefined) assert.equal(error.close?.code, close);
    assert.equal(await client.state(), "idle");
    assert.equal(await queued.hasSettled(), false);
    resultOf(await client.connect({ password: account.password }));
    resultOf(await queued.outcome());
    assert.deepEqual(await witness.until(`${prefix}/out`, "queued"), ["queued"]);
    resultOf(await client.end());
  });

  if (facts.reader) accessTests(version, facts.reader, test);
  if (!facts.elsewhere) return;
  const { elsewhere } = facts;
  test("an account of another virtual host sees nothing of this one", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    const client = await bench.connected(url, { ...quick, version, ...elsewhere });
    const subscription = resultOf(await client.subscribe(`${prefix}/#`, { qos: 1 }));
    await witness.subscribe(`${prefix}/#`, 1);
    await witness.publish(`${prefix}/a`, "here", { qos: 1 });
    await witness.until(`${prefix}/a`, "here");
    resultOf(await client.publish(`${prefix}/a`, "there", { qos: 1 }));
    const [first] = await subscription.until("there");
    assert.equal(first?.text, "there");
    await witness.publish(`${prefix}/a`, "end", { qos: 1 });
    assert.deepEqual(await witness.until(`${prefix}/a`, "end"), ["here", "end"]);
    resultOf(await client.end());
  });
}

/**
 * @param {4 | 5} version @param {{ username: string, password: string }} reader
 * @param {import("./broker_suite.mjs").Ground["test"]} test
 */
function accessTests(version, reader, test) {
  test("what the access rules forbid is refused in MQTT 5, and silently dropped in 3.1.1", async (setup) => {
    const { bench, witness, prefix, url } = setup;
    await witness.subscribe(`${prefix}/#`, 1);
    const client = await bench.connected(url, { ...quick, version, ...reader });
    const published = await client.publish(`${prefix}/out`, "forbidden", { qos: 1 });
    if (version === 5) errorOf(published, "publish-refused", 0x87);
    else resultOf(published);
    // The subscription is granted all the same: only what arrives tells.
    const forbidden = resultOf(await client.subscribe(`${prefix}/in`, { qos: 1 }));
    const allowed = resultOf(await client.subscribe(`ro/${prefix}/in`, { qos: 1 }));
    await witness.publish(`${prefix}/in`, "hidden", { qos: 1 });
    await witness.publish(`ro/${prefix}/in`, "shown", { qos: 1 });
    await allowed.until("shown");
    assert.deepEqual(await forbidden.seen(), []);
    assert.deepEqual(await witness.until(`${prefix}/in`, "hidden"), ["hidden"]);
    assert.deepEqual(witness.texts(`${prefix}/out`), []);
    resultOf(await client.end());
  });
}
