import assert from "node:assert/strict";
import { test } from "node:test";
import { DRAWN, Points, SeriesStore } from "../src/series.ts";

const utf8 = (text) => new TextEncoder().encode(text);

test("points that come faster than the resolution replace the last one", () => {
  const points = new Points();
  points.add(1_000, 1);
  points.add(1_050, 2);
  points.add(1_100, 3);
  const [times, values] = points.since(0);
  assert.deepEqual([...times], [1, 1.1]);
  assert.deepEqual([...values], [2, 3]);
  assert.equal(points.last, 3);
});

test("a window begins with the point before it, so that the line enters from the edge", () => {
  const points = new Points();
  for (let second = 0; second < 10; second += 1) {
    points.add(second * 1_000, second);
  }
  assert.deepEqual([...points.since(6.5)[1]], [6, 7, 8, 9]);
  assert.equal(points.valueAt(6.5), 6);
  assert.equal(points.valueAt(-1), 0);
});

test("an hour of the fastest topic keeps the last quarter of it and not much more", () => {
  const points = new Points();
  const end = 3_600_000;
  for (let at = 0; at <= end; at += 100) {
    points.add(at, at);
  }
  const [times] = points.since(0);
  assert.ok(times[0] <= (end - 900_000) / 1_000);
  assert.ok(times.length < 20_000, String(times.length));
  assert.ok(times.every((time, index) => index === 0 || time > times[index - 1]));
});

test("a fast topic shows its newest value after a flush", () => {
  const store = new SeriesStore();
  store.take("t", utf8("1"), 1_000);
  store.take("t", utf8("2"), 1_010);
  store.take("t", utf8("3"), 1_020);
  assert.equal(store.all[0].points.last, 1);
  store.flush();
  assert.equal(store.all[0].points.last, 3);
});

test("the first series are drawn, each in a colour of its own; others can take a place that is freed", () => {
  const store = new SeriesStore();
  for (let index = 0; index <= DRAWN; index += 1) {
    store.take(`t/${index}`, utf8("1"), 1_000);
  }
  const [first, ...others] = store.all;
  const last = others.at(-1);
  assert.equal(new Set(store.all.slice(0, DRAWN).map(({ colour }) => colour)).size, DRAWN);
  assert.equal(last.colour, undefined);
  assert.equal(store.toggle(last.id), false);
  assert.equal(store.toggle(first.id), false);
  assert.equal(store.toggle(last.id), true);
  assert.equal(last.colour, 0);
});

test("a flood of topics is bounded", () => {
  const store = new SeriesStore();
  for (let index = 0; index < 10_000; index += 1) {
    store.take(`t/${index}`, utf8("1"), 1_000);
  }
  assert.ok(store.all.length <= 32);
  assert.equal(store.overflow, true);
});

test("a number that is asked for is found however deep it is, and takes a place if all are taken", () => {
  const store = new SeriesStore();
  for (let index = 0; index < DRAWN; index += 1) {
    store.take(`a/${index}`, utf8("1"), 0);
  }
  const deep = utf8('{"a":{"b":{"c":{"d":5}}}}');
  store.take("deep", deep, 0);
  assert.equal(store.all.length, DRAWN);
  const series = store.watch("deep", "a.b.c.d");
  assert.equal(series.colour, 0);
  assert.equal(store.all[0].colour, undefined);
  store.takeOne("deep", "a.b.c.d", deep, 50);
  store.take("deep", utf8('{"a":{"b":{"c":{"d":6}}}}'), 200);
  assert.deepEqual([...series.points.since(0)[1]], [5, 6]);
});
