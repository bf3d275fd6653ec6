import assert from "node:assert/strict";
import { test } from "node:test";
import { TopicTree } from "../src/topic-tree.ts";

const entry = (topic) => ({ message: { topic } });
const names = (tree) => tree.visible().map(({ depth, name, total }) => [depth, name, total]);

test("levels are counted with what is below them, siblings by name", () => {
  const tree = new TopicTree();
  for (const topic of ["b", "a/y/deep/er", "a/x", "a/x", "a"]) {
    tree.take(entry(topic));
  }
  assert.deepEqual(names(tree), [
    [0, "a", 4],
    [1, "x", 2],
    [1, "y", 1],
    [2, "deep", 1],
    [0, "b", 1],
  ]);
  const [a, x, , deep] = tree.visible();
  assert.equal(a.own, 1);
  assert.equal(x.last.message.topic, "a/x");
  assert.equal(deep.last, undefined);
  deep.open = true;
  assert.equal(tree.visible()[4].topic, "a/y/deep/er");
  a.open = false;
  assert.deepEqual(names(tree), [
    [0, "a", 4],
    [0, "b", 1],
  ]);
});

test("empty levels and names of objects are levels like others", () => {
  const tree = new TopicTree();
  tree.take(entry("/__proto__"));
  tree.take(entry("constructor"));
  assert.deepEqual(names(tree), [
    [0, "", 1],
    [1, "__proto__", 1],
    [0, "constructor", 1],
  ]);
});

test("a flood of topics, and one of many levels, is bounded", () => {
  const tree = new TopicTree();
  tree.take(entry("/".repeat(60_000)));
  assert.ok(tree.size <= 32);
  for (let index = 0; index < 30_000; index += 1) {
    tree.take(entry(`t/${index}`));
  }
  assert.equal(tree.size, 20_000);
  assert.ok(tree.overflow > 9_000);
  tree.clear();
  assert.deepEqual([tree.size, tree.overflow], [0, 0]);
});
