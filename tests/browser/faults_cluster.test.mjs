// @ts-check
// Clusters: the node under a client is killed in the middle of its traffic, and the client goes on at another one. What
// the other node still has is RabbitMQ's: a session that has to stay needs quorum queues, and those a third node.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { whyNoBroker } from "./harness/broker.mjs";
import { Cluster } from "./harness/cluster.mjs";
import { useLab } from "./harness/lab.mjs";
import { PageClient, resultOf } from "./harness/page_client.mjs";
import { Endurance, enduringPage } from "./suites/endurance.mjs";
import { judged } from "./suites/fault_runs.mjs";

/** @typedef {Endurance<import("./harness/counter.mjs").Counter>} Counted */
/** @typedef {import("./suites/endurance.mjs").Report} Report */

const missing = await whyNoBroker("rabbitmq");
const timeout = 1_200_000;
const QOS = /** @type {const} */ ([1, 2]);

/** Traffic on either side of the kill, in milliseconds. */
const LENGTH = 2_000;
/** Until the other nodes have taken over. */
const PATIENCE = 180_000;

/** Waits until a client is connected for the second time; whether there was a session, each time. @param {PageClient} client */
async function untilBack(client) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const { connections, states } = await client.history();
    if (connections.length > 1) return connections.map(({ sessionPresent }) => sessionPresent);
    assert.ok(performance.now() < end, `it did not come back: ${JSON.stringify(states)}`);
    await delay(100);
  }
}

describe("the node under a client is killed", { skip: missing }, () => {
  const lab = useLab();

  /**
   * A client at the first of so many nodes, which is killed; the native one is at the second. Beside it is a client that
   * has a session and no traffic.
   * @param {number} nodes @param {{ clean?: boolean, sessionExpiry?: number }} options
   * @param {(run: Counted, report: Report) => void} check
   * @param {(keeper: PageClient, cluster: Cluster) => Promise<unknown>} checkKeeper
   */
  const play = async (nodes, options, check, checkKeeper) => {
    const cluster = await Cluster.start(nodes);
    try {
      const [url = "", ...servers] = cluster.urls;
      const page = await enduringPage(lab);
      const { page: quiet, ...bench } = await lab.open();
      const keeper = await PageClient.open(quiet, url, {
        version: 5,
        clean: false,
        sessionExpiry: 3_600,
        connectTimeout: 8_000,
        reconnect: { min: 100, max: 1_000 },
        servers,
      });
      resultOf(await keeper.connect());
      resultOf(await keeper.subscribe("kept", { qos: 1 }));
      const run = await Endurance.beginCounted(
        page,
        { url, tcpUrl: cluster.tcpUrls[1] },
        {
          seed: 0,
          version: 5,
          script: () => ({}),
          options: { lowerQos: true, connectTimeout: 20_000, servers, ...options },
        },
      );
      try {
        await run.startOut();
        run.startIn();
        await delay(LENGTH);
        await cluster.kill(0);
        const last = run.lastIn;
        await run.untilConnected(2, PATIENCE);
        await run.untilReceived(last + 1, PATIENCE);
        await delay(LENGTH);
        await Promise.all([run.stopOut(), run.stopIn()]);
        await run.settled();
        await run.untilReceived(run.lastIn);
        await run.untilThere(options.clean ? 1_000 : undefined);
        const report = await run.report();
        assert.deepEqual(report.failures, []);
        assert.deepEqual(run.witness.losses.items, []);
        for (const qos of QOS) {
          assert.deepEqual(judged(run.out(qos), run.lastOut).lost, [], "lost on its way out");
        }
        check(run, report);
        await checkKeeper(keeper, cluster);
      } finally {
        await run.stop();
        await page.close();
        await bench.done();
      }
    } finally {
      await cluster.stop();
    }
  };

  test("of three, with quorum queues: the session and every message are at another node", {
    timeout,
  }, async (t) => {
    const check = (/** @type {Counted} */ run, /** @type {Report} */ report) => {
      for (const qos of QOS) {
        assert.deepEqual(judged(report.received[qos], run.lastIn).lost, [], "lost on its way in");
      }
      t.diagnostic(`${2 * (run.lastOut + run.lastIn)} messages, none lost`);
    };
    await play(3, { sessionExpiry: 3_600 }, check, async (keeper) => {
      assert.deepEqual(await untilBack(keeper), [false, true]);
    });
  });

  test("of two: what was published goes out there; without a session the rest comes in", {
    timeout,
  }, async (t) => {
    const check = (/** @type {Counted} */ run, /** @type {Report} */ report) => {
      const lost = QOS.map((qos) => judged(report.received[qos], run.lastIn).lost.map(Number));
      for (const numbers of lost) {
        // All in one go: those that came while there was no subscription.
        const [first = 0] = numbers;
        assert.deepEqual(
          numbers,
          numbers.map((_, nth) => first + nth),
        );
      }
      t.diagnostic(
        `${2 * (run.lastOut + run.lastIn)} messages; while it was away: ${lost.flat().length}`,
      );
    };
    await play(2, { clean: true }, check, async (keeper, cluster) => {
      // RabbitMQ does not answer a client whose session is on the node that is gone.
      const causes = async () => {
        const { states } = await keeper.history();
        return states.map(({ cause }) => cause?.code);
      };
      const end = performance.now() + PATIENCE;
      while (!(await causes()).includes("connect-timeout")) {
        assert.ok(performance.now() < end, `it was not left without an answer: ${await causes()}`);
        await delay(100);
      }
      assert.equal((await keeper.history()).connections.length, 1);
      // With that node the session is there again.
      await cluster.launch(0);
      assert.deepEqual(await untilBack(keeper), [false, true]);
    });
  });
});
