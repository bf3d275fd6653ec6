// @ts-check
// Faults against a real broker: clients in Chromium publish and receive with QoS 1 and 2 while a proxy breaks their
// connections every few hundred milliseconds. What arrived is counted by a client that is not ours.
//
// WEBMQTT_FAULT_SEED=7 plays one run, WEBMQTT_FAULT_RUNS=500 that many.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Broker, whyNoBroker } from "./harness/broker.mjs";
import { FAULTS, FaultPlan } from "./harness/fault_plan.mjs";
import { useLab } from "./harness/lab.mjs";
import { assertAtLeastOnce, assertExactlyOnce } from "./harness/series.mjs";
import { Endurance, enduringPage } from "./suites/endurance.mjs";

const ONLY = process.env.WEBMQTT_FAULT_SEED;
const SEEDS =
  ONLY === undefined
    ? [...Array(Number(process.env.WEBMQTT_FAULT_RUNS ?? 56)).keys()]
    : [Number(ONLY)];
/** Runs at a time. */
const WIDTH = 14;
/** How long a run is disturbed, in milliseconds. */
const LENGTH = 5_000;

/** What came of all runs. */
class Sum {
  messages = 0;
  connections = 0;
  /** Copies that QoS 1 allows. */
  copies = 0;
  /** @type {Map<string, number>} */
  faults = new Map();

  /** @param {Endurance} run @param {import("./suites/endurance.mjs").Report} report */
  add(run, report) {
    const { lastIn, lastOut } = run;
    this.messages += 2 * (lastIn + lastOut);
    this.copies += run.out(1).length + report.received[1].length - lastIn - lastOut;
    this.connections += report.connections;
    for (const kind of run.proxy.happened.items) {
      this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    }
  }

  toString() {
    const faults = [...this.faults].map(([kind, count]) => `${count} ${kind}`).sort();
    const { messages, copies, connections } = this;
    return `${messages} messages over ${connections} connections, ${copies} copies with QoS 1; ${faults.join(", ")}`;
  }
}

/**
 * @param {import("playwright-core").Page} page @param {Broker} broker @param {number} seed
 * @param {Sum} sum
 */
async function play(page, broker, seed, sum) {
  const plan = new FaultPlan(seed);
  const run = await Endurance.begin(page, broker, { seed, script: () => plan.script() });
  try {
    await run.startOut();
    run.startIn();
    await delay(LENGTH);
    await Promise.all([run.stopOut(), run.stopIn()]);
    plan.calm();
    run.proxy.inflict({ kind: "reset", after: 0 });
    await run.settled();
    await run.untilThere();
    // Copies would come behind the originals.
    await delay(100);
    const report = await run.report();
    assert.deepEqual(report.failures, []);
    assertAtLeastOnce(run.out(1), 1, run.lastOut);
    assertExactlyOnce(run.out(2), 1, run.lastOut);
    assertAtLeastOnce(report.received[1], 1, run.lastIn);
    assertExactlyOnce(report.received[2], 1, run.lastIn);
    sum.add(run, report);
    await run.end();
  } finally {
    await run.stop();
  }
}

const missing = await whyNoBroker("mosquitto");

describe("faults every few hundred milliseconds", { skip: missing }, () => {
  const lab = useLab();
  /** @type {Broker} */
  let broker;
  before(
    async () => {
      broker = await Broker.start("mosquitto");
    },
    { timeout: 120_000 },
  );
  after(() => broker?.stop(), { timeout: 60_000 });

  const timeout = 60_000 + SEEDS.length * 10_000;
  test("QoS 1 loses nothing, QoS 2 loses and doubles nothing", { timeout }, async (t) => {
    const page = await enduringPage(lab);
    const sum = new Sum();
    /** @type {string[]} */
    const failed = [];
    const waiting = [...SEEDS];
    const lane = async () => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        await play(page, broker, seed, sum).catch((error) => {
          failed.push(`WEBMQTT_FAULT_SEED=${seed}: ${String(error).slice(0, 2_000)}`);
        });
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, lane));
    t.diagnostic(`seeds ${SEEDS[0]} to ${SEEDS.at(-1)}: ${sum}`);
    assert.deepEqual(failed, []);
    if (ONLY === undefined) {
      for (const kind of FAULTS) assert.ok(sum.faults.has(kind), `no ${kind} in any run`);
    }
  });
});
