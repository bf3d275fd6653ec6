// @ts-check
// The network of one connection, cut and slowed down by a button: what the history tells of it, and that nothing is lost.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { connectTo, untilState, useWww, withWitness } from "./harness/www_lab.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} topic @param {string} payload @param {string} qos */
async function publish(page, topic, payload, qos) {
  await page.getByTestId("pub-topic").fill(topic);
  await page.getByTestId("pub-payload").fill(payload);
  await page.getByTestId("pub-qos").selectOption(qos);
  await page.getByTestId("pub-send").click();
}

/** @param {Page} page @param {RegExp} text */
const line = (page, text) => page.locator(".history-line").filter({ hasText: text }).first();

describe("the network of a connection", () => {
  const test = useWww();

  test("is cut and mended: what was published meanwhile arrives once, and the history tells", async ({
    page,
  }) => {
    await withWitness(page, async (witness, topic, url) => {
      await witness.subscribe(`${topic}/#`, 2);
      assert.equal(await page.getByTestId("network").isVisible(), false);
      await page.getByTestId("name").fill("Other");
      await connectTo(page, url);
      await page.getByTestId("profile-new").click();
      await page.getByTestId("name").fill("Mine");
      await page.locator("#more > summary").click();
      await page.getByTestId("reconnect-min").fill("50");
      await page.getByTestId("reconnect-max").fill("100");
      await connectTo(page, url);
      await page.locator("#history > summary").click();
      await publish(page, `${topic}/before`, "1", "1");
      await witness.until(`${topic}/before`, "1");

      await page.getByTestId("network-cut").click();
      await line(page, /You cut the network/).waitFor();
      await page.getByTestId("network-flag").filter({ hasText: "Network cut" }).waitFor();
      await line(page, /The connection stood for/).waitFor();
      await line(page, /Failed as before|could not be opened/).waitFor();
      assert.equal(await page.locator(".notice").count(), 0);
      // The network of the other one is as it was.
      await page.getByRole("tab", { name: "Other Connected" }).waitFor();
      for (const qos of ["1", "2"]) await publish(page, `${topic}/cut`, `qos ${qos}`, qos);
      await page
        .getByTestId("pub-result")
        .filter({ hasText: "Waits for the connection" })
        .waitFor();

      await page.getByTestId("network-cut").filter({ hasText: "Mend the network" }).click();
      await untilState(page, "connected");
      await page.getByTestId("pub-result").filter({ hasText: "Acknowledged as QoS 2" }).waitFor();
      await witness.until(`${topic}/cut`, "qos 2");
      await witness.settled();
      assert.deepEqual(witness.texts(`${topic}/cut`), ["qos 1", "qos 2"]);
      const told = await page.locator(".history-line .history-words").allTextContents();
      const mended = told.findIndex((text) => /You mended the network/.test(text));
      assert.ok(
        told.slice(0, mended).some((text) => /^Connected/.test(text)),
        told.join("\n"),
      );
      assert.equal(await page.getByTestId("network-flag").isVisible(), false);
    });
  });

  test("is slowed down, by a delay and by bytes per second, and is fast again at once", async ({
    page,
  }) => {
    await withWitness(page, async (witness, topic, url) => {
      await witness.subscribe(`${topic}/#`, 2);
      await connectTo(page, url);
      await page.getByTestId("network-slow").click();
      await page.getByTestId("network-flag").filter({ hasText: "Slow network" }).waitFor();
      await page.getByTestId("network-delay").fill("600");
      await page.getByTestId("network-rate").fill("100000");
      await publish(page, `${topic}/slow`, "there and back", "1");
      const result = page.getByTestId("pub-result");
      await result.filter({ hasText: /Acknowledged as QoS 1 after [1-9][\d.]* s/ }).waitFor();

      // What would take more than a minute is there when the network is fast again.
      await page.getByTestId("network-rate").fill("100");
      await publish(page, `${topic}/slow`, "x".repeat(8_000), "1");
      await result.filter({ hasText: "On its way" }).waitFor();
      await publish(page, `${topic}/slow`, "last", "2");
      await page.getByTestId("network-slow").filter({ hasText: "Full speed" }).click();
      await result.filter({ hasText: "Acknowledged as QoS 2" }).waitFor();
      await witness.until(`${topic}/slow`, "last");
      assert.deepEqual(witness.texts(`${topic}/slow`), ["there and back", "8000 bytes", "last"]);
      await page.locator("#history > summary").click();
      await line(page, /You slowed the network down: 600 ms and 100 bytes per second/).waitFor();
      await line(page, /full speed again/).waitFor();
    });
  });
});
