// @ts-check
// The history of a connection: what happened, why, what to do about it, and for how long it had been well.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { ScriptedServer } from "./harness/scripted_server.mjs";
import { connectTo, untilState, useWww } from "./harness/www_lab.mjs";

describe("the history of a connection", () => {
  const test = useWww();

  test("has causes and remedies in words, each remedy once", async ({ page, offences }) => {
    const server = await ScriptedServer.start();
    try {
      await page.locator("#more summary").click();
      await page.getByTestId("reconnect-min").fill("100");
      await page.getByTestId("reconnect-max").fill("200");
      const first = server.peer();
      const connected = connectTo(page, server.url);
      await (await first).accept();
      await connected;
      await page.locator("#history summary").click();
      const line = (/** @type {RegExp} */ text) =>
        page.locator(".history-line").filter({ hasText: text }).first();
      await line(/Connected, new session/).waitFor();

      // Server busy, and then it is not there for a while.
      server.upgrade = { status: 503 };
      const peer = await first;
      peer.send({ cmd: "disconnect", reasonCode: 0x89 });
      peer.close(1000);
      const lost = line(/The broker ended the connection.*server busy/);
      await lost.waitFor();
      assert.match(
        String(await lost.locator("span").first().textContent()),
        /The connection stood for \d+ s\. Next try in \d+ s\./,
      );
      await line(/The WebSocket could not be opened/).waitFor();
      assert.match(
        String(
          await line(/could not be opened/)
            .locator(".history-remedy")
            .textContent(),
        ),
        /Check that the broker runs/,
      );
      await line(/Failed as before/).waitFor();
      assert.equal(
        await line(/Failed as before/)
          .locator(".history-remedy")
          .count(),
        0,
      );

      server.upgrade = {};
      await (await server.peer()).accept();
      await untilState(page, "connected");
      await page.getByTestId("disconnect").click();
      await line(/^.*Disconnected.*The connection stood for/).waitFor();
      offences.list = offences.list.filter((text) => !/WebSocket connection to/.test(text));
    } finally {
      await server.stop();
    }
  });
});
