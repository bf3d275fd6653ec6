// @ts-check
// Retained messages in the tree of topics: what has changed against them, and how they are deleted at the broker.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Broker } from "./harness/broker.mjs";
import { uniqueName, Witness } from "./harness/witness.mjs";
import { connectTo, useWww } from "./harness/www_lab.mjs";

describe("retained messages", () => {
  const test = useWww();

  test("are compared with what came after, and deleted at the broker", async ({ page }) => {
    const broker = await Broker.start("mosquitto");
    const witness = await Witness.connect(broker.url, { version: 4 });
    const topic = uniqueName("kept");
    try {
      const stored = '{"mode": "auto", "target": 20}';
      await witness.publish(topic, stored, { qos: 1, retain: true });
      await page.getByTestId("sub-filter").fill(`${topic}/#`);
      await page.getByTestId("sub-add").click();
      await connectTo(page, broker.url);
      await page.getByTestId("view-topics").check();
      const row = page.locator(`[data-testid=topic-row][data-topic="${topic}"]`);
      await row.filter({ hasText: "retained" }).waitFor();
      await witness.publish(topic, '{"mode": "auto", "target": 22.5}', { qos: 1 });
      await row.filter({ hasText: "22.5" }).click();
      const changes = page.getByTestId("changes");
      await changes.locator("li", { hasText: "now:target: 22.5" }).waitFor();
      assert.deepEqual(await changes.locator("li").allTextContents(), [
        'mode: "auto"',
        "before:target: 20",
        "now:target: 22.5",
      ]);
      await page.getByText(/^Changes to the retained message of/).waitFor();
      await witness.publish(topic, '{"mode": "auto", "target": 23}', { qos: 1 });
      await row.filter({ hasText: "23" }).click();
      await changes.locator("li", { hasText: "now:target: 23" }).waitFor();

      const forget = page.getByTestId("forget");
      await forget.click();
      await forget.filter({ hasText: "Really delete?" }).click();
      await forget.filter({ hasText: "Deleted" }).waitFor();
      await row.filter({ hasNotText: "retained" }).waitFor();
      const late = await Witness.connect(broker.url, { version: 4 });
      await late.subscribe(topic, 1);
      await late.publish(topic, "end", { qos: 1 });
      assert.deepEqual(await late.until(topic, "end"), ["end"]);
      await late.end();
      await page.getByTestId("disconnect").click();
    } finally {
      await witness.end();
      await broker.stop();
    }
  });
});
