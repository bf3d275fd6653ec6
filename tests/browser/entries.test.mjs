// @ts-check
// The package's other entries: the one that carries its module in its text, and the one that is told where it is.

import assert from "node:assert/strict";
import { describeScripted } from "./suites/scripted.mjs";

describeScripted("entries of the package", (test) => {
  for (const [entry, module] of /** @type {const} */ ([
    ["base64", undefined],
    ["slim", "/pkg/dist/webmqtt_bg.wasm"],
  ])) {
    test(`webmqtt/${entry}: a message comes and another goes`, async ({ bench, server }) => {
      const talking = bench.page.evaluate(
        async ({ entry, module, url }) => {
          const webmqtt = await import(/** @type {any} */ (`/pkg/dist/${entry}.js`));
          if (module) await webmqtt.load(module);
          const client = await webmqtt.connect(url);
          const text = await new Promise((resolve) => {
            client.subscribe("in", (/** @type {any} */ message) => resolve(message.text()));
          });
          await client.publish("out", text, { qos: 1 });
          await client.end();
          return text;
        },
        { entry, module, url: server.url },
      );
      const peer = await server.peer();
      await peer.accept();
      await peer.grantSubscribe();
      peer.send({ cmd: "publish", topic: "in", payload: "there and back", qos: 0 });
      const { payload } = await peer.acknowledgePublish();
      assert.equal(String(payload), "there and back");
      await peer.expect("disconnect");
      peer.close();
      assert.equal(await talking, "there and back");
    });
  }
});
