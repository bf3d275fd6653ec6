// @ts-check
// The benchmark works: a very small run gives its rows, its table and its JSON's numbers. No time is looked at; what is,
// is the one number that doesn't depend on the machine.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { before, describe, test } from "node:test";
import { run } from "./drive/bench.mjs";
import { keep } from "./drive/documents.mjs";
import { table } from "./drive/table.mjs";

/** @typedef {import("./drive/results.mjs").Cell} Cell */

/** @param {Cell | undefined} cell */
function medianOf(cell) {
  if (!cell || !("value" in cell)) throw new Error(JSON.stringify(cell));
  return cell.value.median;
}

describe("a very small run of the benchmark", () => {
  /** @type {Awaited<ReturnType<typeof run>>} */
  let found;
  const everybody = ["floor", "webmqtt", "mqttjs"];

  before(
    async () => {
      found = await run(
        {
          browser: "chromium",
          worker: false,
          extent: "tiny",
          rounds: 2,
          only: ["publish-0-16", "batch-10", "handlers-100", "acknowledgements"],
          among: ["webmqtt", "mqttjs"],
          absent: new Map([["paho", "it is not in this test"]]),
        },
        () => {},
      );
    },
    { timeout: 900_000 },
  );

  /** @param {string} id */
  function cells(id) {
    const line = found.lines.find((one) => one.id === id);
    assert.ok(line, id);
    return line.cells;
  }

  test("everybody publishes and receives, and the ratio to the floor comes out", () => {
    for (const id of ["publish-0-16", "publish-0-16-busy", "batch-10", "batch-100-busy"]) {
      for (const name of everybody) {
        const cell = cells(id)[name];
        assert.ok(medianOf(cell) > 0, `${id} ${name}`);
        assert.ok(cell && "ratio" in cell && Number(cell.ratio?.median) > 0, `${id} ${name}`);
      }
    }
  });

  test("webmqtt acknowledges 1,000 messages in few WebSocket messages", () => {
    const messages = cells("acknowledgements");
    assert.ok(medianOf(messages.webmqtt) <= 15, JSON.stringify(messages.webmqtt));
    assert.equal(medianOf(messages.floor), 11);
  });

  test("who fails a row, or is not there, says why", () => {
    const { mqttjs, paho } = cells("handlers-100");
    assert.deepEqual(mqttjs, { failure: "has one handler for everything" });
    assert.deepEqual(paho, { failure: "skipped: it is not in this test" });
    const text = table(found.lines);
    assert.match(text, /\[1\] skipped: it is not in this test/);
    assert.match(text, /\[2\] has one handler for everything/);
  });

  test("goals are judged where they were measured", () => {
    const goal = found.goals.find(({ title }) => title.startsWith("WebSocket messages"));
    assert.equal(goal?.met, true);
    assert.ok(!found.goals.some(({ title }) => title.startsWith("cold start")));
  });

  test("the documents get tables and a picture between their marks, and keep the rest", async () => {
    const root = await mkdtemp(path.join(os.tmpdir(), "webmqtt-bench-"));
    const read = (/** @type {string} */ name) => readFile(path.join(root, name), "utf8");
    try {
      await mkdir(path.join(root, "docs"));
      const marked =
        "before\n<!-- bench: written by `cargo xtask bench --write` -->\nold\n<!-- end of bench -->\nbehind\n";
      for (const name of ["README.md", "docs/performance.md"]) {
        await writeFile(path.join(root, name), marked);
      }
      const about = { date: "today", machine: "one", browser: "this", broker: "that" };
      await keep({ ...about, ...found, rounds: 2 }, root);
      const readme = await read("README.md");
      assert.match(readme, /^before\n.*\nbehind\n$/s);
      assert.doesNotMatch(readme, /\nold\n/);
      assert.match(readme, /\| WebSocket messages for 1,000 PUBACK \| 11\.0 \|/);
      assert.match(await read("docs/performance.md"), /- Paho: skipped: it is not in this test/);
      assert.deepEqual(JSON.parse(await read("docs/bench.json")).goals, found.goals);
      const picture = await readFile(path.join(root, "docs/bench.png"));
      assert.equal(picture.subarray(1, 4).toString(), "PNG");
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
