// @ts-check
// The session's state as the page shows it, and a session that survives a reload of the page.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Broker } from "./harness/broker.mjs";
import { CuttableProxy } from "./harness/cuttable_proxy.mjs";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { untilWritten } from "./harness/stored.mjs";
import { uniqueName, Witness } from "./harness/witness.mjs";
import { connectTo, untilState, useWww } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} name @param {RegExp} text */
const untilPart = (page, name, text) =>
  page.getByTestId(`session-${name}`).filter({ hasText: text }).waitFor();

/** @param {Page} page @param {string} topic @param {string} payload @param {number} qos */
async function publish(page, topic, payload, qos) {
  await page.getByTestId("pub-topic").fill(topic);
  await page.getByTestId("pub-payload").fill(payload);
  await page.getByTestId("pub-qos").selectOption(String(qos));
  await page.getByTestId("pub-payload").press("Control+Enter");
}

/** @param {Page} page */
async function openSession(page) {
  await page.getByTestId("packets-open").click();
  await page.getByTestId("view-session").check();
}

describe("the session", () => {
  const test = useWww();

  test("shows what is in flight and queued, quotas, aliases and subscriptions", async ({
    page,
    offences,
  }) => {
    const server = await ScriptedServer.start();
    try {
      await page.locator("#more summary").click();
      await page.getByTestId("receive-maximum").fill("7");
      await page.getByTestId("sub-filter").fill("in/#");
      await page.getByTestId("sub-qos").selectOption("2");
      await page.getByTestId("sub-add").click();
      await page.getByTestId("url").fill(server.url);
      await page.getByTestId("connect").click();
      const peer = await server.peer();
      await peer.accept({ properties: { receiveMaximum: 2, topicAliasMaximum: 3 } });
      await peer.grantSubscribe();
      await untilState(page, "connected");
      await openSession(page);
      await untilPart(page, "in-flight", /Nothing waits for an acknowledgement/);
      await untilPart(page, "subscriptions", /in\/#.*2/);
      await untilPart(page, "numbers", /2 of 2 left/);
      await untilPart(page, "numbers", /7 of 7 left/);

      await publish(page, "out/one", "1", 1);
      const one = await peer.expect("publish");
      await publish(page, "out/two", "2", 2);
      const two = await peer.expect("publish");
      await publish(page, "out/three", "3", 1);
      await untilPart(page, "in-flight", /In flight \(2\)/);
      const row = (/** @type {string} */ topic) =>
        page.getByTestId("session-in-flight").getByRole("row").filter({ hasText: topic });
      assert.match(
        String(await row("out/one").textContent()),
        new RegExp(`^↑${one.messageId}PUBLISH QoS 1out/onePUBACK\\d+ s$`),
      );
      assert.match(String(await row("out/two").textContent()), /PUBREC/);
      await untilPart(page, "queue", /Waiting to be sent \(1\)/);
      await untilPart(page, "queue", /out\/three/);
      await untilPart(page, "numbers", /0 of 2 left/);
      await untilPart(page, "numbers", new RegExp(`2: ${one.messageId}, ${two.messageId}`));
      await untilPart(page, "aliases", /2 of 3 used/);

      peer.send({ cmd: "pubrec", messageId: two.messageId });
      await peer.expect("pubrel");
      await row("out/two").filter({ hasText: "PUBCOMP" }).waitFor();
      peer.send({ cmd: "puback", messageId: one.messageId });
      await peer.expect("publish");
      await untilPart(page, "queue", /Nothing waits to be sent/);
      peer.send({
        ...{ cmd: "publish", topic: "in/x", payload: "<b>x</b>", qos: 2, messageId: 9 },
        properties: { topicAlias: 4 },
      });
      await peer.expect("pubrec");
      await row("in/x")
        .filter({ hasText: /^↓9PUBLISH QoS 2in\/xPUBREL/ })
        .waitFor();
      await untilPart(page, "numbers", /6 of 7 left/);
      await untilPart(page, "aliases", /↓4in\/x/);
      await page.getByTestId("view-packets").check();
      await page.getByTestId("packet").first().waitFor();
      await page.getByTestId("packets-close").click();
      await page.getByTestId("disconnect").click();
      peer.close();
      await untilState(page, "closed");
      offences.list = offences.list.filter((text) => !/WebSocket connection to/.test(text));
    } finally {
      await server.stop();
    }
  });

  for (const store of ["relaxed", "strict"]) {
    test(`goes on after a reload, with everything that was on its way: ${store}`, async ({
      page,
      offences,
    }) => {
      const broker = await Broker.start("mosquitto");
      const proxy = await CuttableProxy.start(broker.url);
      const witness = await Witness.connect(String(broker.tcpUrl), { version: 4 });
      const topic = uniqueName("reload");
      const restored = page.getByTestId("restored");
      try {
        await witness.subscribe(`${topic}/#`, 2);
        await page.locator("#more summary").click();
        await page.getByTestId("store").selectOption(store);
        assert.ok(await page.getByTestId("clean").isDisabled());
        await page.getByTestId("reconnect-max").fill("1000");
        await connectTo(page, proxy.url);
        // In flight: the broker never hears of them.
        proxy.loseClientBytes();
        await publish(page, `${topic}/1`, "in flight", 1);
        await publish(page, `${topic}/2`, "in flight", 2);
        await openSession(page);
        await untilPart(page, "in-flight", /In flight \(2\)/);
        proxy.shut();
        await untilState(page, "waiting");
        await publish(page, `${topic}/3`, "queued", 1);
        await publish(page, `${topic}/4`, "queued", 2);
        await untilPart(page, "queue", /Waiting to be sent \(2\)/);
        const clientId = () =>
          page.evaluate(() =>
            Object.entries(sessionStorage)
              .map(([, value]) => value)
              .join(),
          );
        const before = await clientId();

        await untilWritten(page);
        await page.reload();
        // By itself, and without a network it shows what it has.
        await restored.filter({ hasText: "2 in flight, 2 waiting" }).waitFor();
        await untilState(page, "waiting");
        await openSession(page);
        await untilPart(page, "restored", new RegExp(`${topic}/1.*in flight.*${topic}/2`));
        await untilPart(page, "restored", new RegExp(`${topic}/3.*waits in the queue`));
        await untilPart(page, "queue", /Waiting to be sent \(2\).*since before the reload/);

        proxy.reopen();
        await untilState(page, "connected");
        await restored.filter({ hasText: "reload: 4 arrived." }).waitFor();
        await untilPart(page, "restored", new RegExp(`${topic}/4.*arrived`));
        await untilPart(page, "in-flight", /Nothing waits/);
        assert.equal(await clientId(), before);
        await witness.settled();
        assert.deepEqual(
          witness.messages.items.map((message) => message.topic.slice(topic.length)).sort(),
          ["/1", "/2", "/3", "/4"],
        );
        await page.getByTestId("packets-close").click();
        await page.getByTestId("disconnect").click();
        await untilState(page, "closed");
        // What was disconnected stays so.
        await page.reload();
        await untilState(page, "idle");
        offences.list = offences.list.filter((text) => !/WebSocket connection to/.test(text));
      } finally {
        await witness.end();
        await proxy.stop();
        await broker.stop();
      }
    });
  }
});
