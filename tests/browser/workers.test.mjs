// @ts-check
// The package works the same wherever a page runs scripts: in its window, in a worker, in a shared worker.

import assert from "node:assert/strict";
import { describeScripted } from "./suites/scripted.mjs";

/** @typedef {import("./harness/scripted_server.mjs").ScriptedServer} ScriptedServer */

/** The server's side of the conversation of `page/talk.js`. @param {ScriptedServer} server */
async function listen(server) {
  const peer = await server.peer();
  await peer.accept();
  const seen = new Set();
  for (let packets = 0; packets < 2; packets++) {
    const packet = await peer.next();
    seen.add(packet.cmd);
    if (packet.cmd === "subscribe") {
      peer.send({ cmd: "suback", messageId: packet.messageId, granted: [1] });
    } else {
      peer.send({ cmd: "puback", messageId: packet.messageId, reasonCode: 0 });
    }
  }
  assert.deepEqual(seen, new Set(["subscribe", "publish"]));
  peer.send({ cmd: "publish", topic: "in/x", payload: "answer", qos: 1, messageId: 7 });
  await peer.expect("puback");
  await peer.expect("disconnect");
  peer.close();
}

const EXPECTED = {
  published: { qos: 1, reasonCode: 0 },
  received: { topic: "in/x", qos: 1, text: "answer" },
  refused: "topic-wildcard",
  states: ["connecting", "connected", "closing", "closed"],
};

/** @type {["window" | "worker" | "shared worker", string][]} */
const PLACES = [
  ["window", "a window"],
  ["worker", "a worker"],
  ["shared worker", "a shared worker"],
];

describeScripted("where a page runs scripts", (test) => {
  for (const [place, title] of PLACES) {
    test(`a conversation in ${title}`, async ({ bench, server }) => {
      const talking = bench.page.evaluate(
        async ([place, url]) => {
          if (place === "window") {
            const { talk } = await import(/** @type {any} */ ("/page/talk.js"));
            return { value: await talk(url) };
          }
          const file = "/page/worker.js";
          /** @type {any} */
          const worker =
            place === "worker"
              ? new Worker(file, { type: "module" })
              : new SharedWorker(file, { type: "module" });
          const port = worker.port ?? worker;
          return new Promise((resolve) => {
            worker.onerror = (/** @type {any} */ event) => resolve({ error: event.message });
            port.onmessage = (/** @type {MessageEvent} */ { data }) => resolve(data);
            port.postMessage(url);
          });
        },
        [place, server.url],
      );
      const [outcome] = await Promise.all([talking, listen(server)]);
      assert.deepEqual(outcome, { value: EXPECTED });
    });
  }
});
