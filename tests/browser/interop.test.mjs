// @ts-check
// The tables of brokers are what the brokers do: each one that starts quickly is examined again, and every cell has to
// come out as docs/interop.json has it. The documents say what that file says.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Broker, whyNoBroker } from "./harness/broker.mjs";
import { startable } from "./interop/brokers.mjs";
import { ExaminingPage, examineStarted } from "./interop/examine.mjs";
import {
  documents,
  isSkipped,
  merged,
  pageOf,
  readmeWith,
  readResults,
  titleOf,
} from "./interop/results.mjs";

/** @typedef {import("./interop/results.mjs").Entry} Entry */
/** @typedef {import("./interop/results.mjs").Result} Result */
/** @typedef {import("./interop/examine.mjs").Examination} Examination */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const PATIENCE = 900_000;
/** Their versions are this repository's: the tables always have them. */
const PINNED = new Set(["embedded", "hivemq", "aedes", "rumqttd"]);
/** The others are slow to start or to carry something large, and have all the tests of the suite `browser`. */
const QUICK = new Set([...PINNED, "mosquitto"]);

/** What came out otherwise. @param {Examination} seen @param {Result} known */
function differences(seen, known) {
  /** @param {Examination} of */
  const cells = (of) => of.findings.map((each) => `${each.group}, ${each.name}: ${each.outcome}`);
  const [now, then] = [new Set(cells(seen)), new Set(cells(known))];
  const odd = [...now].filter((cell) => !then.has(cell)).map((cell) => `now ${cell}`);
  odd.push(...[...then].filter((cell) => !now.has(cell)).map((cell) => `before ${cell}`));
  for (const [name, value] of Object.entries(known.announced ?? {})) {
    if (seen.announced?.[name] !== value) odd.push(`${name}: now ${seen.announced?.[name]}`);
  }
  return odd;
}

const known = await readResults();
const noAedes = await whyNoBroker("aedes");
const quick = (await startable()).filter(({ kind }) => QUICK.has(kind));

describe("the tables of brokers say what is true", { concurrency: 2 }, () => {
  for (const broker of quick) {
    const { kind, name, version, missing } = broker;
    const entry = known.find(
      (each) =>
        !isSkipped(each) &&
        each.version === version &&
        each.where === `\`cargo xtask broker ${kind}\``,
    );
    const unknown = `docs/interop.json does not have ${name} ${version}: run \`cargo xtask interop\``;
    // Debian brings a new Mosquitto whenever it likes.
    const skip = missing ?? (entry || PINNED.has(kind) ? undefined : unknown);
    test(`${name}: every cell of its column`, {
      timeout: PATIENCE,
      skip: skip ?? false,
    }, async (t) => {
      assert.ok(entry && !isSkipped(entry), unknown);
      let odd = differences(await examineStarted(broker), entry);
      if (odd.length > 0) {
        // On a busy machine something may come late; what is wrong stays wrong.
        t.diagnostic(`once more, because of ${odd.join("; ")}`);
        const again = new Set(differences(await examineStarted(broker), entry));
        odd = odd.filter((cell) => again.has(cell));
      }
      assert.deepEqual(odd, []);
    });
  }
});

describe("a certificate of an authority that nobody knows", () => {
  test("is refused by the browser", { timeout: PATIENCE, skip: noAedes ?? false }, async () => {
    const broker = await Broker.start("aedes", ["--tls-port", "0"]);
    const page = await ExaminingPage.open();
    try {
      assert.equal(await page.handshake(String(broker.tlsUrl), ["mqtt"]), "refuses");
      assert.equal(await page.handshake(broker.url, ["mqtt"]), "chooses mqtt");
    } finally {
      await page.close();
      await broker.stop();
    }
  });
});

describe("the documents about brokers", () => {
  test("are written from the results of the last runs", async () => {
    const { entries, page, readme } = await documents();
    assert.ok(entries.length > 8, `${entries.length} brokers`);
    assert.equal(page, pageOf(entries));
    assert.equal(readme, readmeWith(readme, entries));
    assert.match(readme, /<!-- interop: begin -->\n\| Broker \|/);
  });

  test("cite tests that are there", async () => {
    const guide = await readFile(path.join(root, "docs", "guide", "brokers.md"), "utf8");
    const folders = ["tests/browser", "tests/browser/suites", "www/src/broker-test"];
    /** @type {string[]} */
    const sources = [];
    for (const folder of folders) {
      for (const file of await readdir(path.join(root, folder))) {
        if (!/\.(mjs|ts)$/.test(file)) continue;
        sources.push(await readFile(path.join(root, folder, file), "utf8"));
      }
    }
    const cited = [...guide.matchAll(/“([^”]+)”/g)].map((match) => String(match[1]));
    assert.ok(cited.length > 10, `${cited.length} tests are cited`);
    const missing = cited.filter((name) => !sources.some((source) => source.includes(name)));
    assert.deepEqual(missing, []);
  });
});

describe("results of several runs", () => {
  const findings = [{ group: "MQTT 5", name: "Connect", outcome: "works", words: "" }];
  /** @param {string} name @param {string} version @param {string} date @returns {Entry} */
  const result = (name, version, date) =>
    /** @type {any} */ ({ name, version, date, where: "by its URL", findings });
  /** @param {string} name @returns {Entry} */
  const skipped = (name) => ({ name, version: "", date: "2026-01-03", skipped: "not here" });

  test("a new one takes the place of the old one of that version", () => {
    const old = [result("aedes", "1.2.0", "2026-01-01"), result("EMQX", "5.8.6", "2026-01-01")];
    const all = merged(old, [result("aedes", "1.2.0", "2026-01-02")]);
    assert.deepEqual(
      all.map(({ name, date }) => [name, date]),
      [
        ["EMQX", "2026-01-01"],
        ["aedes", "2026-01-02"],
      ],
    );
  });

  test("one from elsewhere stands beside the one that was started here", () => {
    const here = /** @type {Entry} */ ({
      ...result("Mosquitto", "2.0.21", "2026-01-01"),
      where: "`cargo xtask broker mosquitto`",
    });
    const there = result("Mosquitto", "2.0.21", "2026-01-02");
    assert.deepEqual(merged([here], [there]).map(titleOf), [
      "Mosquitto 2.0.21",
      "Mosquitto 2.0.21, by its URL",
    ]);
  });

  test("a broker that cannot be had keeps what was found elsewhere", () => {
    const old = [result("EMQX", "5.8.6", "2026-01-01")];
    assert.deepEqual(merged(old, [skipped("EMQX")]), old);
    assert.deepEqual(merged([skipped("EMQX")], old), old);
  });
});
