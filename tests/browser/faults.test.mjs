// @ts-check
// Faults against real brokers, a few runs of each: `cargo xtask faults` has as many as one likes.
//
// WEBMQTT_FAULT_SEED=7 plays one run, WEBMQTT_FAULT_RUNS=500 that many.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { useBroker, whyNoBroker } from "./harness/broker.mjs";
import { FAULTS } from "./harness/fault_plan.mjs";
import { useLab } from "./harness/lab.mjs";
import { enduringPage } from "./suites/endurance.mjs";
import { keep } from "./suites/fault_results.mjs";
import { playRuns, Sum } from "./suites/fault_runs.mjs";

const ONLY = process.env.WEBMQTT_FAULT_SEED;
const RUNS = process.env.WEBMQTT_FAULT_RUNS;

/** By broker: how many runs there are; a few of them do not have every fault. */
const PLAYED = { mosquitto: 42, rabbitmq: 14 };

for (const [kind, few] of Object.entries(PLAYED)) {
  const missing = await whyNoBroker(kind);
  describe(`faults every few hundred milliseconds: ${kind}`, { skip: missing }, () => {
    const lab = useLab();
    const broker = useBroker(kind);

    const runs = Number(RUNS ?? few);
    const seeds = ONLY === undefined ? [...Array(runs).keys()] : [Number(ONLY)];
    const timeout = 180_000 + seeds.length * 30_000;
    test("QoS 1 loses nothing, QoS 2 loses and doubles nothing", { timeout }, async (t) => {
      const sum = await playRuns(await enduringPage(lab), broker(), kind, seeds);
      t.diagnostic(`seeds ${seeds[0]} to ${seeds.at(-1)}: ${sum}`);
      assert.deepEqual(sum.failed, []);
      const { lost, doubled } = sum;
      assert.deepEqual({ lost, doubled }, { lost: 0, doubled: 0 }, "by the broker");
      if (runs < 40 || ONLY !== undefined) return;
      for (const fault of FAULTS) assert.ok(sum.faults.has(fault), `no ${fault} in any run`);
    });
  });
}

describe("what came of runs", () => {
  const BLOCK = "<!-- runs: written by `cargo xtask faults` -->\n\n<!-- end of runs -->\n";

  test("is written, but not in the place of more runs, and not if one failed", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "webmqtt-runs-"));
    try {
      await writeFile(path.join(folder, "faults.md"), BLOCK);
      const written = async () => {
        const known = JSON.parse(await readFile(path.join(folder, "faults.json"), "utf8"));
        return [known.mosquitto.runs, known.mosquitto.seeds];
      };
      const write = (/** @type {number[]} */ seeds, /** @type {string[]} */ failed) => {
        const sum = Object.assign(new Sum(), { runs: seeds.length, failed });
        return keep(folder, "mosquitto", "2.0.21", seeds, sum);
      };
      assert.equal(await write([0, 1, 2], []), undefined);
      assert.deepEqual(await written(), [3, "0 to 2"]);
      assert.match(await readFile(path.join(folder, "faults.md"), "utf8"), /\| 3 \(0 to 2\) \|/);
      assert.match(String(await write([17], [])), /^3 runs are known/);
      assert.match(String(await write([5, 6, 7, 8], ["seed 5: lost 1"])), /^1 runs failed/);
      assert.deepEqual(await written(), [3, "0 to 2"]);
      assert.equal(await write([5, 6, 7], []), undefined);
      assert.deepEqual(await written(), [3, "5 to 7"]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
