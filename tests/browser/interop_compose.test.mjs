// @ts-check
// docker/compose.yaml as far as that can be told without Docker: its form, and that it fits the page's presets.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import { COMPOSE, composed, SERVICES } from "./interop/brokers.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");

/** What the Compose specification allows in a service, of what is used here. */
const OF_SERVICE = ["image", "ports", "environment", "configs", "healthcheck", "command"];
const OF_HEALTHCHECK = ["test", "interval", "timeout", "retries", "start_period"];

/**
 * @typedef {object} Service
 * @property {string} image
 * @property {string[]} ports
 * @property {{ source: string, target: string }[]} [configs]
 * @property {{ test: string[] }} healthcheck
 */

/** @returns {Promise<{ services: Record<string, Service>, configs: Record<string, { content: string }> }>} */
async function composition() {
  const text = await readFile(path.join(root, COMPOSE), "utf8");
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  assert.deepEqual(document.errors, []);
  assert.deepEqual(document.warnings, []);
  return document.toJS();
}

describe("docker/compose.yaml", () => {
  test("has the form that the Compose specification asks for", async () => {
    const { services, configs, ...more } = await composition();
    assert.deepEqual(Object.keys(more), ["name"]);
    assert.deepEqual(Object.keys(services).sort(), Object.keys(SERVICES).sort());
    for (const [name, service] of Object.entries(services)) {
      const strange = Object.keys(service).filter((key) => !OF_SERVICE.includes(key));
      assert.deepEqual(strange, [], name);
      for (const { source, target } of service.configs ?? []) {
        assert.ok(configs[source]?.content, `${name} needs the config ${source}`);
        assert.ok(target.startsWith("/"), `${name} puts ${source} at a full path`);
      }
    }
    const used = Object.values(services).flatMap(({ configs = [] }) => configs);
    assert.deepEqual(Object.keys(configs).sort(), used.map(({ source }) => source).sort());
  });

  test("pins a version of every broker and asks each whether it is well", async () => {
    const { services } = await composition();
    for (const [name, { image, healthcheck }] of Object.entries(services)) {
      assert.match(image, /^[\w/.-]+:\d+\.\d+(\.\d+)?[\w.-]*$/, name);
      assert.ok(["CMD", "CMD-SHELL"].includes(healthcheck.test[0] ?? ""), name);
      const strange = Object.keys(healthcheck).filter((key) => !OF_HEALTHCHECK.includes(key));
      assert.deepEqual(strange, [], name);
    }
    for (const { name, version } of await composed()) assert.match(version, /^\d+\.\d+/, name);
  });

  test("publishes on loopback the ports that the page's presets and the command expect", async () => {
    const { services } = await composition();
    const presets = await readFile(path.join(root, "www", "src", "presets.ts"), "utf8");
    /** @type {string[]} */
    const published = [];
    for (const [name, { url }] of Object.entries(SERVICES)) {
      const { port, pathname } = new URL(url);
      assert.ok(
        presets.includes(`url: "ws://localhost:${port}${pathname}"`),
        `a preset of ${name}`,
      );
      const ports = services[name]?.ports ?? [];
      assert.ok(ports.includes(`127.0.0.1:${port}:${port}`), `${name} publishes ${port}`);
      for (const each of ports) {
        assert.match(each, /^127\.0\.0\.1:\d+:\d+$/);
        published.push(each.split(":")[1] ?? "");
      }
    }
    assert.equal(new Set(published).size, published.length, "no port is asked for twice");
  });
});
