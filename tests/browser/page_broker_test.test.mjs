// @ts-check
// The page's test of a broker: what it reports of brokers that can everything, that cannot, and that are broken, and
// that it leaves nothing behind.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test as plainTest } from "node:test";
import { Broker, whyNoBroker } from "./harness/broker.mjs";
import { TEST } from "./harness/patience.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { Witness } from "./harness/witness.mjs";
import { connectTo, untilState, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ group: string, name: string, outcome: string, words: string }} Finding */

const PATIENCE = 240_000;

/** Clicks, and waits for the end. @param {Page} page */
async function runTest(page) {
  await page.getByTestId("broker-test").click();
  await page.getByTestId("test-json").waitFor({ timeout: PATIENCE });
}

/** What a click saves. @param {Page} page @param {string} button */
async function saved(page, button) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByTestId(button).click(),
  ]);
  return readFile(await file.path(), "utf8");
}

/** @param {Page} page */
async function reportOf(page) {
  /** @type {{ kind: string, broker: string, complete: boolean, findings: Finding[] }} */
  const report = JSON.parse(await saved(page, "test-json"));
  assert.equal(report.kind, "webmqtt-broker-report");
  return report;
}

/**
 * Tests, and once more if the report is not as it should be: on a busy machine something may come late, of which the
 * page says that it did not come; what is wrong stays wrong.
 * @param {import("./harness/www_lab.mjs").Www} www
 * @param {(report: Awaited<ReturnType<typeof reportOf>>) => void} judge
 */
async function examine({ page, tell }, judge) {
  await runTest(page);
  try {
    judge(await reportOf(page));
  } catch (error) {
    tell(`once more, because of ${error}`);
    await page.getByTestId("test-close").click();
    await runTest(page);
    judge(await reportOf(page));
  }
}

/** @param {Finding[]} findings @param {string} outcome */
const named = (findings, outcome) =>
  findings
    .filter((finding) => finding.outcome === outcome)
    .map(({ group, name }) => `${group}: ${name}`);

/** @param {Finding[]} findings @param {string} name */
const wordsOf = (findings, name) => String(findings.find((each) => each.name === name)?.words);

/** Answers everything, delivers nothing. @param {import("./harness/scripted_server.mjs").Peer} peer */
async function deaf(peer) {
  await peer.accept();
  for (;;) {
    const packet = await peer.next();
    const { cmd } = packet;
    if (cmd === "subscribe") {
      const granted = packet.subscriptions.map(({ qos }) => qos);
      peer.send({ cmd: "suback", messageId: packet.messageId ?? 0, granted });
    } else if (cmd === "publish" && packet.qos > 0) {
      const answer = packet.qos === 1 ? "puback" : "pubrec";
      peer.send({ cmd: answer, messageId: packet.messageId ?? 0 });
    } else if (cmd === "pubrel") {
      peer.send({ cmd: "pubcomp", messageId: packet.messageId ?? 0 });
    } else if (cmd === "disconnect") {
      peer.close(1000);
      return;
    }
  }
}

/**
 * Before the broker goes. What the browser says of versions that were refused is no offence.
 * @param {Page} page @param {import("./harness/www_lab.mjs").Offences} offences
 */
async function leave(page, offences) {
  await page.getByTestId("test-close").click();
  await page.getByTestId("disconnect").click();
  await untilState(page, "closed");
  offences.list = offences.list.filter((text) => !/WebSocket connection to/.test(text));
}

const noRabbit = await whyNoBroker("rabbitmq");
const noOldRabbit = await whyNoBroker("rabbitmq-deb12");
/** @param {string | undefined} why */
const skippedFor = (why) => (/** @type {string} */ name) => plainTest(name, { skip: why ?? "" });

describe("the test of a broker", () => {
  const test = useWww({ timeout: 3 * PATIENCE });

  const withBroker = async (
    /** @type {string} */ kind,
    /** @type {(broker: Broker) => Promise<void>} */ body,
  ) => {
    const broker = await Broker.start(kind);
    try {
      await body(broker);
    } finally {
      await broker.stop();
    }
  };

  test("Mosquitto does everything, and nothing is left there", async (www) => {
    const { page } = www;
    await withBroker("mosquitto", async (broker) => {
      const witness = await Witness.connect(broker.url, { version: 4 });
      await witness.subscribe("$SYS/broker/clients/disconnected", 0);
      const away = () => witness.texts("$SYS/broker/clients/disconnected");
      await connectTo(page, broker.url);
      await examine(www, (report) => {
        assert.ok(report.complete);
        assert.deepEqual(
          report.findings.filter(({ outcome }) => outcome !== "works"),
          [],
        );
        assert.ok(report.findings.length > 40, `${report.findings.length} findings`);
        assert.match(report.broker, /mosquitto version 2/);
      });
      await witness.messages.until(
        () => (away().some((text) => Number(text) > 0) && away().at(-1) === "0" ? true : undefined),
        () => `sessions to come and to go, there were ${away()}`,
      );
      await witness.subscribe("#", 0);
      await witness.settled();
      assert.deepEqual(
        witness.messages.items.filter(({ retain, topic }) => retain && !topic.startsWith("$SYS")),
        [],
      );
      await witness.end();

      const markdown = await saved(page, "test-markdown");
      assert.match(markdown, /^# Test of the broker ws:/);
      assert.match(markdown, /\| QoS 2, clean session \| works \| Each came exactly once\. \|/);
      await page.getByTestId("test-share").click();
      assert.match(
        await page.getByLabel("The report as text").inputValue(),
        /- Last will: works \(It came when the connection was cut\.\)/,
      );
      // The page's own connection is as it was.
      await page.getByTestId("test-close").click();
      await page.locator("[data-testid=state][data-state=connected]").waitFor();
    });
  });

  (noRabbit ? skippedFor(noRabbit) : test)(
    "RabbitMQ has no QoS 2 and no MQTT 3.1, which is told as its own answer",
    async (www) => {
      const { page, offences } = www;
      await withBroker("rabbitmq", async (broker) => {
        await connectTo(page, broker.url);
        await examine(www, ({ findings }) => {
          assert.deepEqual(
            named(findings, "cannot").filter((name) => !name.startsWith("MQTT 3.1.1")),
            [
              "MQTT 5: QoS 2, clean session",
              "MQTT 5: QoS 2, kept session",
              "MQTT 5: Offline delivery, QoS 2",
              "MQTT 5: Retained message by a wildcard",
              "MQTT 5: Shared subscription",
              "MQTT 3.1: Connect",
            ],
          );
          assert.match(wordsOf(findings, "QoS 2, clean session"), /grants QoS 1 instead of 2/);
          assert.match(wordsOf(findings, "Shared subscription"), /does not support shared/);
          // It keeps them, and has never promised them to wildcards.
          assert.match(
            wordsOf(findings, "Retained message by a wildcard"),
            /to subscriptions without wildcards only/,
          );
          assert.deepEqual(named(findings, "fails"), []);
          assert.equal(named(findings, "skipped").length, 6);
        });
        await leave(page, offences);
      });
    },
  );

  (noOldRabbit ? skippedFor(noOldRabbit) : test)(
    "RabbitMQ 3.10 keeps no session without QoS 1, and fails only where it breaks a rule",
    async (www) => {
      const { page, offences } = www;
      await withBroker("rabbitmq-deb12", async (broker) => {
        await page.getByTestId("version").selectOption("4");
        await connectTo(page, broker.url);
        await examine(www, ({ findings }) => {
          assert.deepEqual(named(findings, "cannot"), [
            "MQTT 5: Connect",
            "MQTT 3.1.1: QoS 2, clean session",
            "MQTT 3.1.1: QoS 2, kept session",
            "MQTT 3.1.1: Offline delivery, QoS 0",
            "MQTT 3.1.1: Offline delivery, QoS 2",
            "MQTT 3.1.1: Retained message by a wildcard",
            "MQTT 3.1: QoS 2, clean session",
            "MQTT 3.1: QoS 2, kept session",
          ]);
          const old = findings.filter(({ group }) => group === "MQTT 3.1.1");
          assert.match(wordsOf(old, "Offline delivery, QoS 0"), /forgets this one of QoS 0/);
          // [MQTT-3.14.4-3]
          assert.deepEqual(named(findings, "fails"), ["MQTT 3.1.1: No last will after a farewell"]);
        });
        await leave(page, offences);
      });
    },
  );

  test("a test that is stopped says so and cleans up", async ({ page, offences }) => {
    await withBroker("embedded", async (broker) => {
      await connectTo(page, broker.url);
      // From within: a click from outside may come when the test has long gone on, or is over.
      const stopped = page.evaluate(
        () =>
          new Promise((resolve) => {
            const look = new MutationObserver(() => {
              if (document.querySelectorAll("[data-testid=finding]").length < 4) return;
              look.disconnect();
              /** @type {HTMLElement | null} */
              const button = document.querySelector("[data-testid=test-stop]");
              button?.click();
              resolve(undefined);
            });
            look.observe(document.body, { childList: true, subtree: true });
          }),
      );
      await page.getByTestId("broker-test").click();
      await stopped;
      await page.getByTestId("test-status").filter({ hasText: "Stopped." }).waitFor();
      const { complete, findings } = await reportOf(page);
      assert.equal(complete, false);
      assert.ok(findings.length < 40, `${findings.length} findings`);
      assert.deepEqual(findings.at(-1)?.words, "All are removed.");
      await leave(page, offences);
    });
  });

  test("a broker that loses every message fails", async ({ page, offences }) => {
    const server = await ScriptedServer.start();
    let stopped = false;
    // It accepts everything and delivers nothing.
    const serving = (async () => {
      for (let index = 0; ; index += 1) {
        const peer = await server.peers.until(
          (peers) => (stopped ? "stopped" : peers[index]),
          () => `connection ${index + 1}`,
          5 * TEST,
        );
        if (typeof peer === "string") return;
        deaf(peer).catch(() => {});
      }
    })();
    try {
      await connectTo(page, server.url);
      await page.getByTestId("broker-test").click();
      // Of several: on a busy machine an answer of this server may come late, of which another row tells.
      const rows = page.getByTestId("finding").filter({ hasText: /QoS \d, clean session/ });
      const row = rows.filter({ hasText: "No message came." }).first();
      await row.waitFor();
      assert.equal(await row.getAttribute("data-outcome"), "fails");
      await leave(page, offences);
    } finally {
      stopped = true;
      server.peers.changed();
      await serving;
      await server.stop();
    }
  });
});
