// @ts-check
// The broker is killed and comes back again and again, on top of the faults of the network. Mosquitto saves what it
// acknowledges a moment later, so what it acknowledged last can be gone or come twice; its own log says of each such
// message who is to blame.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { useBroker, whyNoBroker } from "./harness/broker.mjs";
import { FaultPlan } from "./harness/fault_plan.mjs";
import { useLab } from "./harness/lab.mjs";
import { MosquittoLog } from "./harness/mosquitto_log.mjs";
import { numbers } from "./harness/series.mjs";
import { Endurance, enduringPage } from "./suites/endurance.mjs";

const SEEDS = [1001, 1002, 1003, 1004, 1005, 1006];
const KILLS = 4;
/** Milliseconds between two of them. */
const BETWEEN = 1_200;

const missing = await whyNoBroker("mosquitto");

/** @param {string[]} texts */
const twice = (texts) => [...new Set(texts.filter((text, at) => texts.indexOf(text) !== at))];

describe("a broker that is killed again and again", { skip: missing }, () => {
  const lab = useLab();
  const broker = useBroker("mosquitto", ["--log-packets", "--no-acl"]);

  test("what is lost or comes twice is what the broker forgot, and every publish settles", {
    timeout: 600_000,
  }, async (t) => {
    const page = await enduringPage(lab);
    const plans = SEEDS.map((seed) => new FaultPlan(seed));
    const runs = await Promise.all(
      SEEDS.map((seed, index) =>
        Endurance.begin(page, broker(), { seed, script: () => plans[index]?.script() ?? {} }),
      ),
    );
    try {
      for (const run of runs) {
        await run.startOut();
        run.startIn();
      }
      let log = "";
      for (let kill = 1; kill <= KILLS; kill++) {
        await delay(BETWEEN);
        await broker().kill();
        log += await broker().log();
        await broker().launch();
        await Promise.all(runs.map((run) => run.witness.connected(kill + 1)));
      }
      await delay(BETWEEN);
      for (const plan of plans) plan.calm();
      const reports = await Promise.all(
        runs.map(async (run) => {
          run.proxy.inflict({ kind: "reset", after: 0 });
          await Promise.all([run.stopOut(), run.stopIn()]);
          await run.settled();
          await run.untilCounted();
          await run.untilQuiet();
          // Its keep-alive is a second, and the machine may have been too busy for that just now.
          return run.untilConnected(1);
        }),
      );
      log += await broker().log();
      const judge = new MosquittoLog(log);
      const forgotten = { lost: 0, doubled: 0 };
      for (const [index, run] of runs.entries()) {
        const report = reports[index];
        assert.ok(report);
        const { name } = run;
        /** @param {string} direction @param {number} qos @param {string} number */
        const topic = (direction, qos, number) => `${name}/${direction}/${qos}/${number}`;
        const told = report.failures.filter((failure) => !failure.endsWith("indeterminate"));
        assert.deepEqual(told, [], name);
        assert.equal(report.state, "connected");
        for (const qos of /** @type {const} */ ([1, 2])) {
          const out = run.out(qos);
          for (const number of numbers(1, run.lastOut)) {
            if (out.includes(number)) continue;
            const had = judge.brokerHad(name, topic("out", qos, number));
            const doubt = report.failures.some((text) =>
              text.startsWith(`publish ${number} with QoS ${qos}:`),
            );
            assert.ok(had || doubt, `${topic("out", qos, number)} never reached the broker`);
            forgotten.lost += 1;
          }
          const received = report.received[qos];
          for (const number of numbers(1, run.lastIn)) {
            if (received.includes(number)) continue;
            const said = judge.clientAcknowledged(name, topic("in", qos, number));
            assert.ok(!said, `${topic("in", qos, number)} was acknowledged and not delivered`);
            forgotten.lost += 1;
          }
          if (qos === 1) continue;
          for (const number of twice(out)) {
            const again = judge.clientRepeated(name, topic("out", qos, number));
            assert.ok(!again, `${topic("out", qos, number)} was published again after its PUBREL`);
            forgotten.doubled += 1;
          }
          for (const number of twice(received)) {
            const again = judge.brokerRepeated(name, topic("in", qos, number));
            assert.ok(again, `${topic("in", qos, number)} was delivered twice`);
            forgotten.doubled += 1;
          }
        }
      }
      const sum = runs.reduce((total, run) => total + 2 * (run.lastOut + run.lastIn), 0);
      t.diagnostic(
        `${SEEDS.length} runs, ${KILLS} kills, ${sum} messages; forgotten by the broker: ` +
          JSON.stringify(forgotten),
      );
    } finally {
      for (const run of runs) await run.stop();
    }
  });
});
