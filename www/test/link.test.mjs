// What a connection tells when it is stopped before there is a client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Link } from "../src/link.ts";

const URL = "ws://127.0.0.1:9/mqtt";

/** @param {Link} link */
function statesOf(link) {
  /** @type {string[]} */
  const states = [];
  link.status.listen(({ state }) => states.push(state));
  link.failed.listen((error) => states.push(String(error)));
  return states;
}

test("stopped while its client is made, it is closed and nothing fails", async () => {
  const link = new Link();
  const states = statesOf(link);
  const connecting = link.connect(URL, {});
  await Promise.resolve();
  assert.equal(link.live, true);
  await link.disconnect();
  assert.equal(link.live, false);
  await connecting;
  assert.deepEqual(states, ["connecting", "closed"]);
});

test("stopped before it begins, it does not begin", async () => {
  const link = new Link();
  const states = statesOf(link);
  const connecting = link.connect(URL, {});
  await link.disconnect();
  await connecting;
  assert.equal(link.live, false);
  assert.equal(link.open, false);
  assert.doesNotMatch(states.join(" "), /rror/);
});
