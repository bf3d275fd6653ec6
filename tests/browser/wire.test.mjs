// @ts-check
// Who is to blame is decided by what went over the wire: here each of the two is guilty once, and once neither.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { generate } from "mqtt-packet";
import { Wire } from "./harness/wire.mjs";
import { Series } from "./page/series.js";

/** @typedef {import("./harness/wire.mjs").Side} Side */

/** @param {string[]} lines each who, what, identifier, topic, QoS; a line of `-` is another connection */
const wireOf = (...lines) => {
  const wire = new Wire(4);
  let ears = wire.connection();
  for (const line of lines) {
    if (line === "-") {
      ears = wire.connection();
      continue;
    }
    const [by, cmd, messageId, topic, qos = "2"] = line.split(" ");
    const packet = { cmd, messageId: Number(messageId), topic, payload: "", qos: Number(qos) };
    ears[/** @type {Side} */ (by)](generate(/** @type {any} */ (packet)));
  }
  return wire;
};

describe("the wire", () => {
  test("tells a message that was acknowledged from one that was not", () => {
    const wire = wireOf(
      "server publish 1 a",
      "client pubrec 1",
      "server publish 2 b",
      "-",
      "server publish 3 c",
      "client puback 3",
    );
    assert.equal(wire.acknowledged("client", "a"), true);
    assert.equal(wire.acknowledged("client", "b"), false);
    assert.equal(wire.acknowledged("client", "c"), true);
    assert.equal(wire.acknowledged("client", "never sent"), false);
  });

  test("does not count an acknowledgement under an identifier that another message still had", () => {
    const wire = wireOf(
      "server publish 1 a",
      "client pubrec 1",
      "server publish 1 b",
      "client pubrec 1",
    );
    assert.equal(wire.acknowledged("client", "a"), true);
    assert.equal(wire.acknowledged("client", "b"), false);
    // Also when something else had it in between, and the receipt was lost.
    const forgotten = wireOf(
      "server publish 1 a",
      "-",
      "server publish 1 other 1",
      "client puback 1",
      "server publish 1 b",
      "client pubrec 1",
      "-",
      "server publish 1 b",
      "client pubrec 1",
    );
    assert.equal(forgotten.acknowledged("client", "b"), false);
    const released = wireOf(
      "server publish 1 a",
      "client pubrec 1",
      "server pubrel 1",
      "server publish 1 b",
      "client pubrec 1",
    );
    assert.equal(released.acknowledged("client", "b"), true);
    const answered = wireOf(
      "server publish 1 a 1",
      "client puback 1",
      "server publish 1 b 1",
      "client puback 1",
    );
    assert.equal(answered.acknowledged("client", "b"), true);
  });

  test("tells a message that was sent as another from one that was sent again", () => {
    const again = wireOf("server publish 1 a", "-", "server publish 1 a");
    assert.equal(again.repeated("server", "a"), false);
    const renamed = wireOf("server publish 1 a", "-", "server publish 2 a");
    assert.equal(renamed.repeated("server", "a"), true);
    const released = wireOf("server publish 1 a", "server pubrel 1", "-", "server publish 1 a");
    assert.equal(released.repeated("server", "a"), true);
  });

  test("tells an order that was sent from one that came of a loss", () => {
    const lost = wireOf("server publish 1 a", "server publish 2 b", "-", "server publish 1 a");
    assert.equal(lost.sentOutOfOrder("server", "b", "a"), false);
    const sent = wireOf("server publish 1 a", "-", "server publish 2 b", "server publish 1 a");
    assert.equal(sent.sentOutOfOrder("server", "b", "a"), true);
  });
});

describe("a series of numbers", () => {
  test("counts what is missing, comes again or comes late", () => {
    const series = new Series();
    for (const number of [1, 2, 4, 3, 3, 6]) series.take(number);
    const { missing, copies, disordered, distinct } = series.report();
    assert.deepEqual([missing, copies, disordered, distinct], [1, 1, 1, 5]);
  });

  test("gives up what is missing when many others have come", () => {
    const series = new Series();
    for (let number = 2; number <= 1_000; number++) series.take(number);
    series.take(1);
    const { missing, copies } = series.report();
    assert.deepEqual([missing, copies], [1, 1]);
  });
});
