// @ts-check
// Faults against real brokers, a few runs of each: `cargo xtask faults` has as many as one likes.
//
// WEBMQTT_FAULT_SEED=7 plays one run, WEBMQTT_FAULT_RUNS=500 that many.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Broker, whyNoBroker } from "./harness/broker.mjs";
import { FAULTS } from "./harness/fault_plan.mjs";
import { useLab } from "./harness/lab.mjs";
import { enduringPage } from "./suites/endurance.mjs";
import { playRuns } from "./suites/fault_runs.mjs";

const ONLY = process.env.WEBMQTT_FAULT_SEED;
const RUNS = process.env.WEBMQTT_FAULT_RUNS;

/** By broker: how many runs there are; a few of them do not have every fault. */
const PLAYED = { mosquitto: 42, rabbitmq: 14 };

for (const [kind, few] of Object.entries(PLAYED)) {
  const missing = await whyNoBroker(kind);
  describe(`faults every few hundred milliseconds: ${kind}`, { skip: missing }, () => {
    const lab = useLab();
    /** @type {Broker} */
    let broker;
    before(
      async () => {
        broker = await Broker.start(kind);
      },
      { timeout: 120_000 },
    );
    after(() => broker?.stop(), { timeout: 60_000 });

    const runs = Number(RUNS ?? few);
    const seeds = ONLY === undefined ? [...Array(runs).keys()] : [Number(ONLY)];
    const timeout = 60_000 + seeds.length * 10_000;
    test("QoS 1 loses nothing, QoS 2 loses and doubles nothing", { timeout }, async (t) => {
      const sum = await playRuns(await enduringPage(lab), broker, kind, seeds);
      t.diagnostic(`seeds ${seeds[0]} to ${seeds.at(-1)}: ${sum}`);
      assert.deepEqual(sum.failed, []);
      const { lost, doubled } = sum;
      assert.deepEqual({ lost, doubled }, { lost: 0, doubled: 0 }, "by the broker");
      if (runs < 40 || ONLY !== undefined) return;
      for (const fault of FAULTS) assert.ok(sum.faults.has(fault), `no ${fault} in any run`);
    });
  });
}
