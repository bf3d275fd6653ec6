// @ts-check
// `cargo xtask soak`: one client in Chromium with everything at once on a real broker, a fault every few seconds, for so
// many minutes. Memory and counters are sampled and plotted; it fails if something was lost or memory grows.

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Broker } from "./harness/broker.mjs";
import { Counter } from "./harness/counter.mjs";
import { endAll } from "./harness/ending.mjs";
import { FaultPlan } from "./harness/fault_plan.mjs";
import { FaultProxy } from "./harness/fault_proxy.mjs";
import { Lab } from "./harness/lab.mjs";
import { Memory } from "./harness/memory.mjs";
import { Random } from "./harness/random.mjs";
import { uniqueName } from "./harness/witness.mjs";
import { Series } from "./page/series.js";
import { brokers } from "./suites/broker_facts.mjs";
import { hasQos2, versionsOf } from "./suites/fault_runs.mjs";
import { csv, plot } from "./suites/soak_plot.mjs";
import { verdict } from "./suites/soak_verdict.mjs";

const [kind = "", version = "", minutes = "", first = "", folder = ""] = process.argv.slice(2);
const seed = Number(first);
const length = Number(minutes) * 60_000;
const QOS = /** @type {const} */ ([0, 1, 2]);

/** Milliseconds. */
const PERIOD = 100;
const SAMPLING = 5_000;
const PATIENCE = 180_000;
/** How long a connection stands before its faults come. */
const PEACE = /** @type {const} */ ([1_000, 6_000]);

const options = {
  version: 5,
  clean: false,
  sessionExpiry: 3_600,
  keepalive: 2,
  connectTimeout: 2_000,
  reconnect: { min: 20, max: 500 },
  lowerQos: true,
};

/** Numbers for the page, until it is told to stop. */
class Publisher {
  last = 0;
  #going = true;
  /** Fails when a message cannot be published. */
  done;

  /** @param {Counter} counter @param {string} name */
  constructor(counter, name) {
    this.done = this.#publish(counter, name);
    // Heard by whoever waits for it; at the end of a soak that failed that is nobody.
    this.done.catch(() => {});
  }

  /** @param {Counter} counter @param {string} name */
  async #publish(counter, name) {
    while (this.#going) {
      this.last += 1;
      const all = QOS.map((qos) =>
        counter.publish(`${name}/in/${qos}/${this.last}`, String(this.last), { qos }),
      );
      await Promise.all([...all, delay(PERIOD)]);
    }
  }

  async stop() {
    this.#going = false;
    await this.done;
  }
}

// It asks, and counts what comes twice with QoS 2.
if (!(versionsOf(kind).includes(5) && hasQos2(brokers[kind], 5))) {
  console.error(`a soak needs a broker with MQTT 5 and QoS 2, which ${kind} is not`);
  process.exit(1);
}

const lab = new Lab();
/** @type {Broker | undefined} */
let broker;
/** @type {Counter | undefined} */
let counter;
/** @type {FaultProxy | undefined} */
let proxy;
try {
  await lab.start();
  broker = await Broker.start(kind);
  const name = uniqueName("soak");
  counter = await Counter.start(broker.tcpUrl ?? broker.url, {
    version: 5,
    filter: `${name}/out/#`,
  });
  const plan = new FaultPlan(seed);
  const random = new Random(-1 - seed);
  proxy = await FaultProxy.start(broker.url, random, () => {
    const script = plan.script();
    const peace = random.between(...PEACE);
    const faults = script.faults?.map((fault) => ({ ...fault, after: fault.after + peace }));
    return { ...script, ...(faults && { faults }) };
  });
  const { page } = await lab.open({ ledger: true });
  await page.evaluate(() => import(/** @type {any} */ ("/page/soak.js")));
  await page.evaluate((args) => globalThis.soak.begin(...args), [name, proxy.url, options]);
  const memory = await Memory.of(page);
  const counted = QOS.map(() => new Series());
  const drain = () => {
    for (const { topic, text } of counter?.messages.items.splice(0) ?? []) {
      counted[Number(topic.split("/").at(-2))]?.take(Number(text));
    }
    return counted.map((each) => each.report());
  };
  const report = () => page.evaluate(() => globalThis.soak.report());

  /** @type {import("./suites/soak_plot.mjs").Sample[]} */
  const samples = [];
  const publisher = new Publisher(counter, name);
  await page.evaluate(() => globalThis.soak.start());
  const started = performance.now();
  console.log(`${kind} ${version}, seed ${seed}, ${minutes} minutes`);
  while (performance.now() - started < length) {
    await Promise.race([delay(SAMPLING), publisher.done]);
    const { heap, wasm } = await memory.read();
    const { published, connections, subscriptions, answers, received, inFlight, queuedMessages } =
      await report();
    const distinct = (/** @type {{ distinct: number }[]} */ all) =>
      all.reduce((sum, each) => sum + each.distinct, 0);
    const sample = {
      seconds: Math.round((performance.now() - started) / 1_000),
      heap,
      wasm,
      published,
      arrived: distinct(drain()),
      received: distinct(received),
      connections,
      faults: proxy.happened.items.length,
      subscriptions,
      answers,
      inFlight,
      queued: queuedMessages,
    };
    samples.push(sample);
    if (samples.length % 12 === 0) console.log(JSON.stringify(sample));
  }
  const lastOut = await page.evaluate(() => globalThis.soak.stop());
  await publisher.stop();
  plan.calm();
  proxy.inflict({ kind: "reset", after: 0 });
  // Until everything has arrived that has to.
  const end = performance.now() + PATIENCE;
  for (;;) {
    const { open, received } = await report();
    const there = drain();
    const all = [1, 2].every(
      (qos) => there[qos]?.distinct === lastOut && received[qos].distinct === publisher.last,
    );
    if ((open === 0 && all) || performance.now() > end) break;
    await delay(100);
  }
  await delay(500);
  const result = verdict({
    page: await report(),
    counted: drain(),
    lastOut,
    lastIn: publisher.last,
    losses: counter.losses.items,
    faults: proxy.happened.items,
    samples,
  });
  await page.evaluate(() => globalThis.soak.end());
  await mkdir(folder, { recursive: true });
  const about = { broker: `${kind} ${version}`, seed, minutes: Number(minutes) };
  const date = new Date().toISOString().slice(0, 10);
  const json = `${JSON.stringify({ ...about, date, ...result }, undefined, 2)}\n`;
  await writeFile(path.join(folder, "soak.json"), json);
  await writeFile(path.join(folder, "soak.csv"), csv(samples));
  await plot(await lab.blank(), samples, path.join(folder, "soak.png"));
  console.log(json);
  console.log(`soak.png, soak.csv and soak.json are in ${folder}`);
  console.log(result.wrong.length > 0 ? `FAILED: ${result.wrong.join("; ")}` : "passed");
  if (result.wrong.length > 0) process.exitCode = 1;
} finally {
  await endAll([() => counter?.end(), () => proxy?.stop(), () => lab.stop(), () => broker?.stop()]);
}
