// @ts-check
// What is said of ws: where only Playwright can look: in a document made out of text, and in the console.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { useLab } from "./harness/lab.mjs";

describe("ws: URLs", () => {
  const lab = useLab();

  test(
    "ws: to another host from what an https: page makes out of text is refused, too",
    lab.withPage(
      async (bench) => {
        const [made] = await Promise.all([
          bench.page.waitForEvent("frameattached"),
          bench.page.evaluate(() => {
            document.body.append(document.createElement("iframe"));
          }),
        ]);
        // Its address is about:blank, its origin that of the page.
        const code = await made.evaluate(
          async (module) => {
            const { connect } = await import(module);
            return connect("ws://broker.invalid:9001/mqtt").catch(
              (/** @type {any} */ { code }) => code,
            );
          },
          `${new URL(bench.page.url()).origin}/pkg/dist/index.js`,
        );
        assert.equal(code, "url-insecure");
        assert.deepEqual(bench.sockets, []);
      },
      { tls: true },
    ),
  );

  test(
    "ws: to another host is advised against where it works, in no console and in no event",
    lab.withPage(async (bench) => {
      /** @type {string[]} */
      const said = [];
      bench.page.on("console", (message) => said.push(message.text()));
      const warnings = await bench.page.evaluate(async () => {
        const { webmqtt, describeError } = globalThis.bench;
        const found = [];
        for (const url of [
          "ws://broker.invalid:9001/mqtt",
          "ws://192.168.0.7/",
          "wss://broker.invalid/mqtt",
          "ws://localhost:9001/mqtt",
          "ws://127.0.0.1:9001",
          "ws://[::1]:9001/",
          "ws://localhost.invalid/",
          () => "wss://broker.invalid/",
        ]) {
          const client = await webmqtt.createClient(url);
          client.on("error", (/** @type {any} */ error) => found.push(error.code));
          found.push(client.warnings.map(describeError));
        }
        return found;
      });
      const advised = warnings.map((list) => list.map((/** @type {any} */ { code }) => code));
      const plain = ["url-plain"];
      assert.deepEqual(advised, [plain, plain, [], [], [], [], plain, []]);
      assert.match(warnings[0][0].remediation, /wss:/);
      assert.deepEqual(said, []);
    }),
  );
});
