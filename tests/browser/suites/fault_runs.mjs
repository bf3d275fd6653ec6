// @ts-check
// Runs with faults against one broker, many at a time, and what came of them: clients in Chromium publish and receive
// with QoS 1 and 2 while a proxy breaks their connections every few hundred milliseconds; a native client that is not
// ours counts at the broker. A seed is a run.

import { setTimeout as delay } from "node:timers/promises";
import { FaultPlan } from "../harness/fault_plan.mjs";
import { numbers } from "../harness/series.mjs";
import { Wire } from "../harness/wire.mjs";
import { brokers } from "./broker_facts.mjs";
import { Endurance } from "./endurance.mjs";

/** @typedef {import("../harness/broker.mjs").Broker} Broker */
/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./broker_facts.mjs").BrokerFacts} BrokerFacts */
/** @typedef {import("./broker_facts.mjs").Version} Version */

/** Runs at a time. */
const WIDTH = 14;
/** The embedded broker stops answering where many clients come and go at once. @type {Record<string, number>} */
const NARROW = { embedded: 4 };
/** How long a run is disturbed, in milliseconds. */
const LENGTH = 5_000;

/** What became of a series of numbers. @param {string[]} texts as they came @param {number} last */
export function judged(texts, last) {
  const first = [...new Set(texts)];
  const wanted = numbers(1, last);
  const seen = new Set(first);
  const lost = wanted.filter((number) => !seen.has(number));
  const strangers = first.filter((text) => !(Number(text) >= 1 && Number(text) <= last));
  // Of those that came, the first copies come in order [MQTT-4.6.0-1]: each that does not, and the one before it.
  /** @type {[string, string][]} */
  const disordered = [];
  for (const [at, text] of first.entries()) {
    const before = first[at - 1];
    if (before !== undefined && Number(text) < Number(before)) disordered.push([before, text]);
  }
  const copies = texts.filter((text, at) => texts.indexOf(text) !== at);
  return { lost, copies, disordered, strangers };
}

/** Who sends and who takes, seen from the wire between our client and the broker. */
const SIDES = /** @type {const} */ ({
  out: { sender: "client", receiver: "server" },
  in: { sender: "server", receiver: "client" },
});

/** @param {BrokerFacts | undefined} facts @param {Version} version */
export function hasQos2(facts, version) {
  return facts === undefined || facts.qos2[version] === "exactly-once";
}

/** What came of many runs. What is lost, doubled or out of order is the broker's doing; ours is a failure. */
export class Sum {
  runs = 0;
  messages = 0;
  connections = 0;
  /** Messages that never came. */
  lost = 0;
  /** Messages of QoS 2 that came again. */
  doubled = 0;
  /** Messages that came behind a later one. */
  disordered = 0;
  /** Copies that QoS 1 allows. */
  copies = 0;
  /** @type {Map<string, number>} */
  faults = new Map();
  /** What went wrong, with the seed. @type {string[]} */
  failed = [];

  /** @param {ReadonlyMap<string, number>} faults */
  static faultsIn(faults) {
    return [...faults].map(([kind, count]) => `${count} ${kind}`).sort();
  }

  toString() {
    const { runs, messages, failed, lost, doubled, disordered, copies, connections } = this;
    return (
      `${runs} runs, ${messages} messages over ${connections} connections: ${failed.length} runs failed; ` +
      `by the broker ${lost} lost, ${doubled} doubled, ${disordered} out of order; ${copies} copies with QoS 1; ${Sum.faultsIn(this.faults).join(", ")}`
    );
  }
}

/**
 * How brokers are held to it that the suites know nothing of. aedes sends PUBREL again on a connection that stands, which
 * rumqttc takes for an error and MQTT.js does not.
 * @type {Record<string, { versions: Version[], counter?: "MQTT.js" }>}
 */
const APART = { aedes: { versions: [4], counter: "MQTT.js" } };

/** Brokers that cannot be held to it, and why. @type {Record<string, string>} */
const FRAGILE = {
  rumqttd:
    "it ends every connection on which a PUBREL comes again, so that a session with QoS 2 never gets on, and after " +
    "some hundred connections that broke it panics over a will, and nobody can connect",
};

/** @param {string} kind of the broker */
export function whyNotPlayed(kind) {
  return FRAGILE[kind];
}

/** In which versions a broker can be held to it. @param {string} kind @returns {Version[]} */
export function versionsOf(kind) {
  const facts = brokers[kind];
  const versions = facts?.versions ?? APART[kind]?.versions ?? [5, 4];
  // There every client has to close, again and again, once a PUBCOMP was lost.
  return versions.filter((version) => !facts?.noPubRelAgain?.includes(version));
}

/**
 * One run, added to the sum; a sentence about it.
 * @param {Page} page @param {Broker} broker @param {string} kind of the broker @param {number} seed @param {Sum} sum
 */
async function play(page, broker, kind, seed, sum) {
  const facts = brokers[kind];
  const versions = versionsOf(kind);
  const version = versions[seed % versions.length] ?? 5;
  const wire = new Wire(version);
  const plan = new FaultPlan(seed);
  const script = () => plan.script();
  // Where the broker has no QoS 2 both sides go down to 1.
  const begin = APART[kind]?.counter === "MQTT.js" ? Endurance.begin : Endurance.beginCounted;
  const run = await begin(page, broker, {
    seed,
    script,
    version,
    hear: () => wire.connection(),
    options: { lowerQos: true },
  });
  try {
    const once = hasQos2(facts, version);
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
    const wrong = [...report.failures, ...run.witness.losses.items.map((why) => `counter: ${why}`)];
    for (const qos of /** @type {const} */ ([1, 2])) {
      const both = /** @type {const} */ ([
        ["out", run.out(qos), run.lastOut],
        ["in", report.received[qos], run.lastIn],
      ]);
      for (const [direction, texts, last] of both) {
        const { lost, copies, disordered, strangers } = judged(texts, last);
        const { sender, receiver } = SIDES[direction];
        const topic = (/** @type {string} */ number) => `${run.name}/${direction}/${qos}/${number}`;
        const where = `${direction} with QoS ${qos}`;
        sum.messages += last;
        for (const number of lost) {
          // The broker's is what it had taken, or what it never sent so that it could be taken.
          if (wire.acknowledged(receiver, topic(number)) === (receiver === "server")) sum.lost += 1;
          else wrong.push(`${where}: lost ${number}`);
        }
        if (qos === 1 || !once) {
          sum.copies += copies.length;
        } else {
          for (const number of new Set(copies)) {
            if (wire.repeated(sender, topic(number)) === (sender === "server")) sum.doubled += 1;
            else wrong.push(`${where}: doubled ${number}`);
          }
        }
        for (const [early, late] of disordered) {
          const wasSentSo = wire.sentOutOfOrder(sender, topic(early), topic(late));
          if (wasSentSo === (sender === "server")) sum.disordered += 1;
          else wrong.push(`${where}: ${early} before ${late}`);
        }
        if (strangers.length > 0) wrong.push(`${where}: nobody sent ${strangers}`);
      }
    }
    sum.runs += 1;
    sum.connections += report.connections;
    const { items } = run.proxy.happened;
    for (const kind of items) sum.faults.set(kind, (sum.faults.get(kind) ?? 0) + 1);
    await run.end();
    if (wrong.length > 0) throw new Error(`${run.name}: ${wrong.join("; ")}`);
    const messages = 2 * (run.lastOut + run.lastIn);
    return `seed ${seed}: ${run.title}, ${messages} messages, ${report.connections} connections, ${items.length} faults`;
  } finally {
    await run.stop();
  }
}

/**
 * Plays the seeds.
 * @param {Page} page with `endurance.js` @param {Broker} broker @param {string} kind of the broker
 * @param {number[]} seeds @param {(line: string) => void} [say] what it hears of each run
 */
export async function playRuns(page, broker, kind, seeds, say = () => {}) {
  const sum = new Sum();
  const waiting = [...seeds];
  const lane = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      try {
        say(await play(page, broker, kind, seed, sum));
      } catch (error) {
        const line = `seed ${seed}: ${String(error).slice(0, 2_000)}`;
        sum.failed.push(line);
        say(line);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(NARROW[kind] ?? WIDTH, seeds.length) }, lane));
  return sum;
}
