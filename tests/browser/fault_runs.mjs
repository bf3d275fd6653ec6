// @ts-check
// `cargo xtask faults`: seeded runs with faults against one broker. It prints each run with its seed, and with
// WEBMQTT_FAULT_RESULTS=docs writes what came of all of them into the documents, if none failed and there are not fewer
// than the documents have already.

import { Broker } from "./harness/broker.mjs";
import { endAll } from "./harness/ending.mjs";
import { Lab } from "./harness/lab.mjs";
import { enduringPage } from "./suites/endurance.mjs";
import { keep } from "./suites/fault_results.mjs";
import { playRuns, whyNotPlayed } from "./suites/fault_runs.mjs";

const [kind = "", version = "", runs = "", first = ""] = process.argv.slice(2);
const seeds = [...Array(Number(runs)).keys()].map((nth) => Number(first) + nth);

const why = whyNotPlayed(kind);
if (why) {
  console.error(`${kind} cannot be played: ${why}.`);
  process.exit(1);
}

const lab = new Lab();
/** @type {Broker | undefined} */
let broker;
try {
  await lab.start();
  broker = await Broker.start(kind);
  const page = await enduringPage(lab);
  const sum = await playRuns(page, broker, kind, seeds, (line) => console.log(line));
  console.log(`${kind} ${version}, seeds ${seeds[0]} to ${seeds.at(-1)}: ${sum}`);
  for (const line of sum.failed) console.log(`FAILED ${line}`);
  if (process.env.WEBMQTT_FAULT_RESULTS) {
    const why = await keep(process.env.WEBMQTT_FAULT_RESULTS, kind, version, seeds, sum);
    if (why) {
      console.error(`The documents stay as they are: ${why}.`);
      process.exitCode = 1;
    }
  }
  if (sum.failed.length > 0) process.exitCode = 1;
} finally {
  await endAll([() => broker?.stop(), () => lab.stop()]);
}
