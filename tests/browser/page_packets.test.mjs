// @ts-check
// The packets of the page's connection: from its beginning, field by field, in hex, and without secrets.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe } from "node:test";
import { Broker } from "./harness/broker.mjs";
import { connectTo, useWww } from "./harness/www_lab.mjs";

describe("the packets", () => {
  const test = useWww();

  test("are shown from the CONNECT on, with their fields, and the page stays usable", async ({
    page,
  }) => {
    const broker = await Broker.start("mosquitto");
    try {
      await page.getByTestId("username").fill("alice");
      await page.getByTestId("password").fill("secret");
      await connectTo(page, broker.url);
      await page.getByTestId("packets-open").click();
      const packet = (/** @type {RegExp} */ text) =>
        page.getByTestId("packet").filter({ hasText: text }).first();
      await packet(/CONNACK/).waitFor();
      await packet(/CONNECT/).click();
      const detail = page.getByTestId("packet-detail");
      await detail.getByRole("row", { name: /Keep Alive/ }).waitFor();
      await detail
        .getByRole("row", { name: /Password \D*covered|Password .*\d+ bytes/ })
        .first()
        .waitFor();
      assert.doesNotMatch(String(await page.getByTestId("packets").textContent()), /secret|alice/);

      await page.getByTestId("pub-topic").fill("a/b");
      await page.getByTestId("pub-payload").fill("21.5");
      await page.getByTestId("pub-qos").selectOption("1");
      await page.getByTestId("pub-payload").press("Control+Enter");
      await packet(/PUBACK/).waitFor();
      await packet(/PUBLISH.*a\/b/).click();
      await detail.getByRole("row", { name: /Topic Name a\/b/ }).waitFor();
      assert.match(String(await page.getByTestId("packet-hex").textContent()), /61 2f 62/);

      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByTestId("packets-json").click(),
      ]);
      const text = await readFile(await file.path(), "utf8");
      assert.doesNotMatch(text, /secret|alice|616c696365/);
      const types = JSON.parse(text).map((/** @type {{ type?: string }} */ { type }) => type);
      for (const type of ["CONNECT", "CONNACK", "PUBLISH", "PUBACK"]) {
        assert.ok(types.includes(type), type);
      }

      await page.getByTestId("packets-pause").click();
      await page.getByTestId("packets-clear").click();
      await page.getByTestId("pub-payload").press("Control+Enter");
      await page.getByTestId("pub-result").filter({ hasText: "Acknowledged" }).waitFor();
      assert.equal(await page.getByTestId("packet").count(), 0);
      await page.getByTestId("packets-close").click();
      await page.getByTestId("disconnect").click();
    } finally {
      await broker.stop();
    }
  });
});
