import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPreset, PRESETS, presetOf } from "../src/presets.ts";

const preset = (id) => PRESETS.find((known) => known.id === id);

test("a preset's own URL is recognised as it", () => {
  for (const known of PRESETS) {
    assert.equal(presetOf(known.url), known);
  }
});

test("choosing a preset keeps a host that the user named", () => {
  assert.equal(
    applyPreset(preset("emqx-tls"), "ws://broker.lan:9001/"),
    "wss://broker.lan:8084/mqtt",
  );
  assert.equal(applyPreset(preset("rabbitmq"), "ws://127.0.0.1:9001/mqtt"), preset("rabbitmq").url);
  assert.equal(applyPreset(preset("demo"), "ws://broker.lan:9001/"), preset("demo").url);
  assert.equal(applyPreset(preset("hivemq"), "not a URL"), preset("hivemq").url);
});

test("another port or path is no preset, another host still is", () => {
  assert.equal(presetOf("ws://broker.lan:8083/mqtt"), preset("emqx"));
  assert.equal(presetOf("ws://localhost:8083/other"), undefined);
  assert.equal(presetOf("ws://broker.lan:9001/mqtt"), undefined);
  assert.equal(presetOf("nonsense"), undefined);
});
