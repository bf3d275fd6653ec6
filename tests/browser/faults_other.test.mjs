// @ts-check
// What else can go wrong around a client whose network is fine: a broker that runs out of memory or room, a rival with the
// same client id, a clock that jumps.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Broker, whyNoBroker } from "./harness/broker.mjs";
import { CuttableProxy } from "./harness/cuttable_proxy.mjs";
import { useLab } from "./harness/lab.mjs";
import { assertMqttError, resultOf } from "./harness/page_client.mjs";
import { TEST } from "./harness/patience.mjs";
import { assertAtLeastOnce, numbers } from "./harness/series.mjs";
import { uniqueName, Witness } from "./harness/witness.mjs";

const missing = await whyNoBroker("mosquitto");
const quick = { reconnect: { min: 50, max: 500 } };
/** About so many messages Mosquitto keeps for a session that is away. */
const ROOM = 10;
/** Seconds. Three quarters of it are what a busy machine may be late with a ping before the broker closes. */
const KEEP_ALIVE = 2;

/** A broker with these lines of configuration more and a client at it, for the tests of a suite. @param {string[]} settings */
function useMosquitto(settings = []) {
  const at = /** @type {{ broker: Broker, witness: Witness }} */ ({});
  before(
    async () => {
      const more = settings.flatMap((line) => ["--setting", line]);
      at.broker = await Broker.start("mosquitto", more);
      at.witness = await Witness.connect(String(at.broker.tcpUrl), { version: 5 });
    },
    { timeout: TEST },
  );
  after(
    async () => {
      await at.witness?.end();
      await at.broker?.stop();
    },
    { timeout: TEST },
  );
  return at;
}

describe("a broker with little memory", { skip: missing }, () => {
  const lab = useLab();
  const settings = ["memory_limit 3000000", `max_queued_messages ${ROOM}`];
  const at = useMosquitto(settings);

  for (const version of /** @type {const} */ ([5, 4])) {
    const title = `out of memory, MQTT ${version}: what it refuses waits, and goes out when there is room again`;
    test(
      title,
      { timeout: TEST },
      lab.withPage(async (bench) => {
        const { broker, witness } = at;
        const prefix = uniqueName("kept");
        const client = await bench.connected(broker.url, { version, ...quick });
        const payload = "x".repeat(400_000);
        const retained = { qos: 1, retain: true };
        let stored = 0;
        let waiting;
        while (!waiting) {
          const publishing = await client.startPublish(`${prefix}/${stored}`, payload, retained);
          const lost = client.untilState("waiting").then(() => false);
          const done = await Promise.race([publishing.outcome().then(() => true), lost]);
          if (done) stored += 1;
          else waiting = publishing;
          assert.ok(stored < 20, "Mosquitto has no limit");
        }
        // It has taken the connection for that; the client comes back, to the same again.
        await client.untilState("waiting", 3);
        assert.equal(await waiting.hasSettled(), false);
        for (let nth = 0; nth < stored; nth++) {
          await witness.publish(`${prefix}/${nth}`, "", { qos: 1, retain: true });
        }
        resultOf(await waiting.outcome());
        await witness.subscribe(`${prefix}/#`, 1);
        await witness.until(`${prefix}/${stored}`, `${payload.length} bytes`);
        await witness.publish(`${prefix}/${stored}`, "", { qos: 1, retain: true });
      }),
    );
  }

  test(
    "out of room for a client that is away: it gets what the broker has kept, in order",
    { timeout: TEST },
    lab.withPage(async (bench, t) => {
      const { broker, witness } = at;
      const topic = uniqueName("room");
      const proxy = await CuttableProxy.start(broker.url);
      try {
        const client = await bench.connected(proxy.url, {
          version: 5,
          clean: false,
          sessionExpiry: 60,
          ...quick,
        });
        const { value: subscription } = await client.subscribe(topic, { qos: 2 });
        assert.ok(subscription);
        proxy.shut();
        await client.untilState("waiting");
        // The broker has seen it, too, when its other client is answered.
        await witness.publishSeries(topic, 1, 100, 2);
        proxy.reopen();
        await client.untilState("connected", 2);
        // As long as nobody has taken what is kept, there is no room for this one either.
        while (!(await subscription.seen()).some(({ text }) => text === "last")) {
          await witness.publish(topic, "last", { qos: 2 });
          await delay(20);
        }
        const texts = (await subscription.seen()).map(({ text }) => text);
        const kept = texts.filter((text) => text !== "last");
        t.diagnostic(`Mosquitto has kept ${kept.length} of 100 messages`);
        assert.deepEqual(kept, numbers(1, kept.length));
        assert.ok(kept.length > 0 && kept.length < 100, `${kept.length} are left`);
        assert.match(await broker.log(), /Outgoing messages are being dropped for client/);
      } finally {
        await proxy.stop();
      }
    }),
  );
});

describe("a rival, and a clock that jumps", { skip: missing }, () => {
  const lab = useLab();
  const at = useMosquitto();

  test(
    "two clients with one id take turns when they are told to, and lose nothing",
    { timeout: TEST },
    lab.withPage(async (bench) => {
      const { broker, witness } = at;
      const clientId = uniqueName("one");
      const topics = [uniqueName("a"), uniqueName("b")];
      for (const topic of topics) await witness.subscribe(topic, 1);
      const options = { version: 5, clientId, ...quick };
      const rivals = [
        await bench.client(broker.url, options),
        await bench.client(broker.url, options),
      ];
      const flows = [];
      for (const [at, rival] of rivals.entries()) {
        flows.push(await rival.startFlow(String(topics[at]), 3, { qos: 1 }));
      }
      for (let round = 1; round <= 3; round++) {
        for (const [at, rival] of rivals.entries()) {
          const isFirst = round === 1 && at === 0;
          const [other, flow] = [rivals[1 - at], flows[1 - at]];
          // TCP drops what the broker says last if this side is writing while the broker closes.
          if (!isFirst) await flow?.pause();
          resultOf(await rival.connect());
          await flows[at]?.acknowledged(5);
          if (isFirst) continue;
          const idle = await other?.untilState("idle", at === 0 ? round - 1 : round);
          assertMqttError(idle?.cause, "session-taken-over", 0x8e);
          await flow?.resume();
        }
      }
      // The last one has it; the first takes over when the other has left.
      const stopped = [flows[1]?.stop()];
      await stopped[0];
      await rivals[1]?.end();
      resultOf(await /** @type {any} */ (rivals[0]).connect());
      stopped.push(flows[0]?.stop());
      const [b, a] = await Promise.all(stopped);
      for (const [at, flow] of [a, b].entries()) {
        assert.ok(flow);
        assert.deepEqual(flow.failures, []);
        assertAtLeastOnce(await witness.untilAll(String(topics[at]), flow.last), 1, flow.last);
      }
    }),
  );

  test(
    "with 3.1.1, which does not tell why, they fight, ever more slowly, and lose nothing",
    { timeout: TEST },
    lab.withPage(async (bench, t) => {
      const { broker, witness } = at;
      const topics = [uniqueName("a"), uniqueName("b")];
      for (const topic of topics) await witness.subscribe(topic, 1);
      const options = {
        version: 4,
        clientId: uniqueName("one"),
        reconnect: { min: 50, max: 2_000 },
      };
      const { min } = options.reconnect;
      const rivals = [
        await bench.connected(broker.url, options),
        await bench.connected(broker.url, options),
      ];
      const flows = [];
      for (const [at, rival] of rivals.entries()) {
        flows.push(await rival.startFlow(String(topics[at]), 3, { qos: 1 }));
      }
      for (const rival of rivals) {
        // Each has taken the other's place twice and more.
        await rival.untilState("connected", 3);
        const delays = async () => {
          const { states } = await rival.history();
          return states.flatMap(({ state, delay }) => (state === "waiting" ? [delay ?? 0] : []));
        };
        // Drawn anew each time, from between zero and a bound that doubles: one beyond the bound of the first three comes.
        const end = performance.now() + 30_000;
        while (!(await delays()).some((delay) => delay > 4 * min)) {
          assert.ok(performance.now() < end, `they do not grow: ${await delays()}`);
          await delay(50);
        }
        const all = await delays();
        t.diagnostic(`delays: ${all.join(", ")} ms`);
        for (const [nth, delay] of all.entries()) assert.ok(delay <= min * 2 ** nth, `${all}`);
      }
      const second = flows[1]?.stop();
      const two = await second;
      await rivals[1]?.end();
      const one = await flows[0]?.stop();
      for (const [at, flow] of [one, two].entries()) {
        assert.ok(flow);
        assert.deepEqual(flow.failures, []);
        assertAtLeastOnce(await witness.untilAll(String(topics[at]), flow.last), 1, flow.last);
      }
    }),
  );

  for (const [title, shift] of /** @type {const} */ ([
    ["forward by a day", 86_400_000],
    ["back by a day", -86_400_000],
  ])) {
    test(
      `the clock jumps ${title}: no connection is lost, nothing expires, what waits goes out`,
      { timeout: TEST },
      lab.withPage(async (bench) => {
        const { broker, witness } = at;
        const topic = uniqueName("clock");
        await witness.subscribe(topic, 1);
        const proxy = await CuttableProxy.start(broker.url);
        try {
          const options = { version: 5, keepalive: KEEP_ALIVE, ...quick };
          const client = await bench.connected(proxy.url, options);
          const jump = () =>
            bench.page.evaluate((shift) => {
              const real = Date;
              const past = real.now();
              const moved = () => past + shift + (real.now() - past);
              // As the clock of the system would do it: Date and nothing else.
              globalThis.Date = /** @type {any} */ (
                class extends real {
                  /** @param {any[]} args */
                  constructor(...args) {
                    // @ts-expect-error: whatever it is called with
                    super(...(args.length > 0 ? args : [moved()]));
                  }
                  static now() {
                    return moved();
                  }
                }
              );
            }, shift);
          await jump();
          const jumped = await bench.page.evaluate(() => Date.now());
          assert.ok(Math.abs(jumped - Date.now() - shift) < 3_600_000, "it did not jump");
          // Mosquitto closes after one and a half.
          await delay(2_500 * KEEP_ALIVE);
          resultOf(await client.publish(topic, "connected", { qos: 1 }));
          assert.equal((await client.history()).connections.length, 1);
          proxy.shut();
          await client.untilState("waiting");
          const expiring = { qos: 1, messageExpiry: 60 };
          const waiting = await client.startPublish(topic, "waited", expiring);
          await jump();
          proxy.reopen();
          resultOf(await waiting.outcome());
          assert.deepEqual(await witness.until(topic, "waited"), ["connected", "waited"]);
        } finally {
          await proxy.stop();
        }
      }),
    );
  }
});
