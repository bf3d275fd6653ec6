// @ts-check
// Runs the suites that every real broker has to pass through the built package, in Chromium.

import { describe, test } from "node:test";
import { useBroker, whyNoBroker } from "../harness/broker.mjs";
import { titled } from "../harness/engines/engine.mjs";
import { useLab } from "../harness/lab.mjs";
import { TEST } from "../harness/patience.mjs";
import { uniqueName, Witness } from "../harness/witness.mjs";
import { accountTests } from "./accounts.mjs";
import { brokers } from "./broker_facts.mjs";
import { brokerRestartTests } from "./broker_restart.mjs";
import { qosTableTests } from "./qos_table.mjs";
import { requestTests } from "./requests.mjs";
import { retainedTests } from "./retained.mjs";
import { routingTests } from "./routing.mjs";
import { willTests } from "./wills.mjs";

/** @typedef {import("../harness/lab.mjs").Bench} Bench */
/** @typedef {import("./broker_facts.mjs").BrokerFacts} BrokerFacts */
/** @typedef {import("./broker_facts.mjs").Version} Version */

/**
 * What a suite gets: one broker, one protocol version, and a way to add tests to them.
 * @typedef {object} Ground
 * @property {BrokerFacts} facts
 * @property {Version} version
 * @property {() => import("../harness/broker.mjs").Broker} broker
 * @property {(name: string, body: (setup: Setup) => Promise<void>) => void} test
 * @property {(name: string, why: string) => void} skip
 */

/**
 * What a test gets: a page and a witness of its own, and a topic prefix that nobody else uses.
 * @typedef {object} Setup
 * @property {Bench} bench
 * @property {Witness} witness
 * @property {string} prefix
 * @property {string} url
 */

/** Options of every client: a lost connection comes back at once. */
export const quick = { reconnect: { min: 20, max: 200 } };

/**
 * The highest QoS that a publish can use here.
 * @param {Ground} ground
 * @returns {1 | 2}
 */
export function highestQos({ facts, version }) {
  return facts.qos2[version] === "exactly-once" ? 2 : 1;
}

/** @param {string} kind a key of `brokers` */
export async function testBroker(kind) {
  const facts = brokers[kind];
  if (!facts) throw new Error(`no facts about ${kind}`);
  const missing = await whyNoBroker(kind);
  if (missing) {
    test(titled(facts.title), { skip: missing }, () => {});
    return;
  }
  describe(titled(facts.title), () => {
    const lab = useLab();
    const broker = useBroker(kind);
    for (const version of facts.versions) {
      describe(`MQTT ${version === 5 ? "5.0" : "3.1.1"}`, () => {
        /** @type {Ground} */
        const ground = {
          facts,
          version,
          broker,
          test: (name, body) => {
            /** @param {import("node:test").TestContext} t */
            const run = async (t) => {
              await broker().revive();
              // While the page loads.
              const connecting = Witness.connect(broker().url, { version });
              const inPage = lab.withPage(async (bench) => {
                const witness = await connecting;
                await body({ bench, witness, prefix: uniqueName("test"), url: broker().url });
              });
              try {
                await inPage(t);
              } finally {
                await connecting.then(
                  (witness) => witness.end(),
                  () => {},
                );
              }
            };
            test(name, { timeout: TEST }, run);
          },
          skip: (name, why) => void test(name, { skip: why }, () => {}),
        };
        qosTableTests(ground);
        retainedTests(ground);
        routingTests(ground);
        requestTests(ground);
        willTests(ground);
        accountTests(ground);
        brokerRestartTests(ground);
      });
    }
  });
}
