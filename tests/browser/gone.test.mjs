// @ts-check
// Pages that are gone without a reload: the renderer crashes, the tab is closed. The next page goes on with the store, or
// without one with what the broker has.

import assert from "node:assert/strict";
import { crasher } from "./harness/crash.mjs";
import { resultOf } from "./harness/page_client.mjs";
import { untilWritten } from "./harness/stored.mjs";
import { connectedPair, describeScripted } from "./suites/scripted.mjs";

/** @typedef {import("./harness/lab.mjs").Bench} Bench */

/** @type {readonly [what: string, go: (bench: Bench) => Promise<unknown>][]} */
const ENDS = [
  ["whose renderer crashes", async ({ page }) => (await crasher(page))()],
  ["whose tab is closed", ({ page }) => page.close()],
];

const kept = { clientId: "gone", clean: false, sessionExpiry: 600 };
const present = { sessionPresent: true };

describeScripted("a page that is gone", (test, lab) => {
  for (const [what, go] of ENDS) {
    for (const durability of ["strict", "relaxed"]) {
      test(`a page ${what}, ${durability}: what was under way goes on in the next one`, async ({
        bench,
        server,
      }) => {
        const options = { ...kept, store: "indexeddb", durability };
        const doomed = await lab.open();
        const first = await connectedPair({ bench: doomed, server }, options);
        const subscribing = first.client.subscribe("in", { qos: 2 });
        await first.peer.grantSubscribe();
        const incoming = resultOf(await subscribing);
        first.peer.send({ cmd: "publish", topic: "in", payload: "once", qos: 2, messageId: 7 });
        await incoming.until("once");
        await first.peer.expect("pubrec");
        await first.client.startPublish("out", "zero", { qos: 0 });
        await first.client.startPublish("out", "one", { qos: 1 });
        await first.client.startPublish("out", "two", { qos: 2 });
        assert.equal((await first.peer.expect("publish")).qos, 0);
        const one = await first.peer.expect("publish");
        const two = await first.peer.expect("publish");
        // Relaxed, the writes follow in the same turn.
        await untilWritten(doomed.page);
        await go(doomed);
        await first.peer.expectClose();

        const next = await connectedPair({ bench, server }, options, present);
        const open = (await next.client.restored()).map(({ qos }) => qos);
        assert.deepEqual(open, [1, 2]);
        const again = [await next.peer.expect("publish"), await next.peer.expect("publish")];
        assert.deepEqual(
          again.map(({ messageId, dup, payload }) => [messageId, dup, String(payload)]),
          [
            [one.messageId, true, "one"],
            [two.messageId, true, "two"],
          ],
        );
        const resubscribing = next.client.subscribe("in", { qos: 2 });
        await next.peer.grantSubscribe();
        const later = resultOf(await resubscribing);
        next.peer.send({
          cmd: "publish",
          topic: "in",
          payload: "once",
          qos: 2,
          messageId: 7,
          dup: true,
        });
        await next.peer.expect("pubrec");
        assert.deepEqual(await later.seen(), []);
        if (!doomed.page.isClosed()) await doomed.page.close();
      });
    }

    test(`a page ${what}, without a store: the broker's messages come to the next client`, async ({
      bench,
      server,
    }) => {
      const doomed = await lab.open();
      const first = await connectedPair({ bench: doomed, server }, kept);
      await first.client.startPublish("out", "one", { qos: 1 });
      await first.peer.expect("publish");
      await go(doomed);
      await first.peer.expectClose();

      const client = await bench.client(server.url, kept);
      const subscribing = client.subscribe("in", { qos: 2 });
      const connecting = client.connect();
      const peer = await server.peer();
      await peer.accept(present);
      resultOf(await connecting);
      // Nothing of the earlier page's leaves: the subscription is the first.
      await peer.grantSubscribe();
      const incoming = resultOf(await subscribing);
      for (const qos of [1, 2]) {
        const payload = `QoS ${qos}`;
        peer.send({ cmd: "publish", topic: "in", payload, qos, messageId: qos, dup: true });
        await incoming.until(payload);
      }
      if (!doomed.page.isClosed()) await doomed.page.close();
    });
  }

  for (const durability of ["strict", "relaxed", undefined]) {
    const stored = durability && { store: "indexeddb", durability };
    for (const qos of [1, 2]) {
      test(`a page that dies within a handler, QoS ${qos}, ${durability ?? "without a store"}: nothing was acknowledged, and the next page gets the message`, async ({
        bench,
        server,
      }) => {
        const options = { ...kept, ...stored };
        const doomed = await lab.open();
        const first = await connectedPair({ bench: doomed, server }, options);
        const subscribing = first.client.subscribeAndHang("in", { qos });
        await first.peer.grantSubscribe();
        resultOf(await subscribing);
        const crash = await crasher(doomed.page);
        const hangs = doomed.page.waitForEvent("console", (message) => message.text() === "hangs");
        const message = /** @type {const} */ ({
          cmd: "publish",
          topic: "in",
          payload: "once",
          qos,
        });
        first.peer.send({ ...message, messageId: 7 });
        await hangs;
        // What had been written before the handler ran is in the store by then.
        await untilWritten(bench.page);
        await crash();
        await first.peer.expectClose();
        assert.deepEqual(first.peer.kinds(), ["connect", "subscribe"]);

        const next = await connectedPair({ bench, server }, options, present);
        const resubscribing = next.client.subscribe("in", { qos });
        await next.peer.grantSubscribe();
        const later = resultOf(await resubscribing);
        next.peer.send({ ...message, messageId: 7, dup: true });
        await later.until("once");
        await next.peer.expect(qos === 1 ? "puback" : "pubrec");
      });
    }
  }
});
