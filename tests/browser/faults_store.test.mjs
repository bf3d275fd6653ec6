// @ts-check
// Pages that crash at random moments, with their sessions in IndexedDB: the next page goes on. Strictly, nothing that has
// left is lost and no message of QoS 2 goes out twice; relaxed, it is counted what the last moments cost.
//
// What a page does it tells a scribe before it goes on; the broker is Mosquitto, and MQTT.js counts and publishes there.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { Arrivals } from "./harness/arrivals.mjs";
import { useBroker, whyNoBroker } from "./harness/broker.mjs";
import { crasher } from "./harness/crash.mjs";
import { FaultPlan } from "./harness/fault_plan.mjs";
import { useLab } from "./harness/lab.mjs";
import { Random } from "./harness/random.mjs";
import { numbers } from "./harness/series.mjs";
import { Endurance, enduringPage } from "./suites/endurance.mjs";

/** @typedef {"out" | "acknowledged" | "in" | "restored"} Said */

const SEED = Number(process.env.WEBMQTT_FAULT_SEED ?? 1);
/** Clients in the page; every other one has faults in its connection, too. */
const CLIENTS = 6;
const CRASHES = Number(process.env.WEBMQTT_CRASHES ?? 8);
/** What a page that dies may forget without strictness, in milliseconds, on a busy machine. */
const MOMENTS = 2_000;
const QOS = /** @type {const} */ ([1, 2]);

/** What the pages have said of one client: by kind and QoS, with the life of the page. */
class Words {
  /** @type {Map<string, { life: number, text: string, at: number }[]>} */
  #said = new Map();

  /** @param {number} life @param {string} what @param {string} qos @param {string} text */
  add(life, what, qos, text) {
    const key = `${what} ${qos}`;
    const said = this.#said.get(key) ?? [];
    this.#said.set(key, said);
    said.push({ life, text, at: performance.now() });
  }

  /** @param {Said} what @param {number} qos */
  of(what, qos) {
    return this.#said.get(`${what} ${qos}`) ?? [];
  }
}

/** Keeps the words of all pages. */
class Scribe {
  #server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  /** By name of the run. @type {Map<string, Words>} */
  words = new Map();
  /** Tells that there are more. @type {Arrivals<never>} */
  #news = new Arrivals();

  constructor() {
    this.#server.on("connection", (socket, request) => {
      const life = Number(request.url?.slice(1));
      socket.on("error", () => {});
      socket.on("message", (data) => {
        const [name = "", what = "", qos = "", text = ""] = String(data).split(" ");
        const words = this.words.get(name) ?? new Words();
        this.words.set(name, words);
        words.add(life, what, qos, text);
        this.#news.changed();
      });
    });
  }

  /** @param {number} life */
  urlFor(life) {
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `ws://127.0.0.1:${port}/${life}`;
  }

  /** Waits until some page has told of the last message for it, with either QoS. @param {Endurance} run */
  async untilHeard({ name, lastIn }) {
    const has = (/** @type {number} */ qos) =>
      this.words
        .get(name)
        ?.of("in", qos)
        .some(({ text }) => text === String(lastIn));
    await this.#news.until(
      () => QOS.every(has) || undefined,
      () => `${name} to receive ${lastIn}`,
    );
  }

  async stop() {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** @param {string[]} texts */
const doubles = (texts) => texts.filter((text, at) => texts.indexOf(text) !== at);

/**
 * How many messages no page has told of. Each is one that a page had acknowledged when it crashed, before its handler or
 * the scribe heard of it: right behind the last that some page told of.
 * @param {{ life: number, text: string }[]} seen @param {Endurance} run
 */
function unheard(seen, { name, lastIn }) {
  const order = [...new Set(seen.map(({ text }) => Number(text)))];
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
    `${name}: the order of what was received`,
  );
  const heard = new Set(order);
  const edges = new Set([0]);
  let highest = 0;
  for (const [at, { life, text }] of seen.entries()) {
    highest = Math.max(highest, Number(text));
    if (seen[at + 1]?.life !== life) edges.add(highest);
  }
  let count = 0;
  for (let number = 1, before = 0; number <= lastIn; number++) {
    if (heard.has(number)) {
      before = number;
    } else {
      assert.ok(edges.has(before), `${name}: ${number} is lost`);
      count += 1;
    }
  }
  assert.ok(heard.has(lastIn), `${name}: ${lastIn} is lost`);
  return count;
}

const missing = await whyNoBroker("mosquitto");

describe("a page that crashes at any moment", { skip: missing }, () => {
  const lab = useLab();
  const broker = useBroker("mosquitto");

  /**
   * Many short lives and one that brings everything to its end.
   * @param {"strict" | "relaxed"} durability
   */
  async function play(durability) {
    const random = new Random(SEED);
    const options = { store: "indexeddb", durability };
    const scribe = new Scribe();
    /** @param {number} life */
    const open = async (life) => {
      const page = await enduringPage(lab);
      await page.evaluate((url) => globalThis.endurance.writeTo(url), scribe.urlFor(life));
      return page;
    };
    let page = await open(0);
    const plans = numbers(1, CLIENTS).map((nth) => new FaultPlan(SEED * 100 + Number(nth)));
    const runs = await Promise.all(
      plans.map((plan, nth) =>
        Endurance.prepare(page, broker(), {
          seed: nth,
          script: () => (nth % 2 === 0 ? plan.script() : {}),
        }),
      ),
    );
    /** When each life ended. @type {number[]} */
    const ends = [];
    try {
      /** @param {number} life */
      const begin = (life) =>
        Promise.all(
          runs.map(async (run) => {
            run.moveTo(page);
            await run.connect(options, life);
            await run.startOut();
          }),
        );
      for (let life = 0; life < CRASHES; life++) {
        const beginning = begin(life);
        beginning.catch(() => {});
        if (life === 0) {
          await beginning;
          for (const run of runs) run.startIn();
        }
        // Not all of them are connected by then.
        await delay(random.between(300, 2_000));
        ends.push(await (await crasher(page))());
        page = await open(life + 1);
      }
      for (const plan of plans) plan.calm();
      for (const run of runs) run.proxy.inflict({ kind: "reset", after: 0 });
      await begin(CRASHES);
      await delay(300);
      const reports = await Promise.all(
        runs.map(async (run) => {
          await Promise.all([run.stopOut(), run.stopIn()]);
          await run.settled();
          await run.untilCounted();
          await scribe.untilHeard(run);
          await run.untilQuiet();
          return run.report();
        }),
      );
      return { runs, reports, words: scribe.words, ends };
    } finally {
      await scribe.stop();
      for (const run of runs) await run.stop();
    }
  }

  /** @param {Awaited<ReturnType<typeof play>>} played */
  function count({ runs, reports, words, ends }) {
    const sum = {
      published: 0,
      forgotten: 0,
      window: 0,
      sentTwice: 0,
      received: 0,
      seenTwice: 0,
      unheard: { 1: 0, 2: 0 },
    };
    for (const [nth, run] of runs.entries()) {
      const said = words.get(run.name);
      assert.ok(said);
      assert.deepEqual(reports[nth]?.failures, [], run.name);
      for (const qos of QOS) {
        const arrived = run.out(qos);
        const there = new Set(arrived);
        const published = said.of("out", qos);
        sum.published += published.length;
        for (const { text } of said.of("acknowledged", qos)) {
          assert.ok(there.has(text), `${run.name}: ${text} was acknowledged and is lost`);
        }
        for (const { life, text, at } of published) {
          if (there.has(text)) continue;
          sum.forgotten += 1;
          sum.window = Math.max(sum.window, Number(ends[life]) - at);
        }
        // Of each page everything up to some number, and the pages in their order.
        const lives = numbers(0, CRASHES).flatMap((life) => {
          const own = [...there].filter((text) => text.startsWith(`${life}.`));
          return numbers(1, own.length).map((number) => `${life}.${number}`);
        });
        assert.deepEqual([...there], lives, `${run.name}: what arrived with QoS ${qos}`);
        if (qos === 2) sum.sentTwice += doubles(arrived).length;

        const seen = said.of("in", qos);
        sum.received += seen.length;
        sum.unheard[qos] += unheard(seen, run);
        const copies = doubles(seen.map(({ life, text }) => `${life} ${text}`));
        if (qos === 2) {
          assert.deepEqual(copies, [], `${run.name}: twice in a page`);
          sum.seenTwice += doubles(seen.map(({ text }) => text)).length;
        }
      }
    }
    return sum;
  }

  /** @param {ReturnType<typeof count>} sum */
  const tell = ({ published, forgotten, window, sentTwice, received, seenTwice, unheard }) =>
    `${CRASHES} crashes of ${CLIENTS} clients, seed ${SEED}: ${published} published, ${forgotten} of them forgotten, ` +
    `the oldest ${Math.round(window)} ms before the crash was noticed, ${sentTwice} of QoS 2 sent twice; ` +
    `${received} received, ${seenTwice} of QoS 2 seen again by the next page, ` +
    `${unheard[1]} of QoS 1 and ${unheard[2]} of QoS 2 acknowledged and not seen`;

  const timeout = 180_000 + CRASHES * 45_000;

  test("strict: nothing that has left is lost or sent twice", { timeout }, async (t) => {
    const sum = count(await play("strict"));
    t.diagnostic(tell(sum));
    assert.equal(sum.sentTwice, 0);
    assert.equal(sum.unheard[2], 0);
  });

  test("relaxed: only the last moments are forgotten", { timeout }, async (t) => {
    const sum = count(await play("relaxed"));
    t.diagnostic(tell(sum));
    assert.ok(sum.window < MOMENTS, `${sum.window} ms are forgotten`);
  });
});
