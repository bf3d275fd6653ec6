// Every text of the page is in the table of every other language, and nothing else is.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DRAFT_FIELDS } from "../src/draft-fields.ts";
import { tFacts, useTexts } from "../src/language.ts";
import { VIEW_NAMES } from "../src/payload-views.ts";
import { PRESETS } from "../src/presets.ts";
import { COLOURS, PROFILE_FIELDS } from "../src/profile-fields.ts";
import { page, zh } from "../src/text/zh.ts";

const root = process.env.WEBMQTT_ROOT;
const sources = join(root, "www/src");

/** Names, numbers and examples are the same everywhere. */
const SAME =
  /^(?:[\d\s.:,+−✕✓]*|MQTT [\d.]+|webmqtt|QoS|QoS \d|JSON|CSV|CBOR|MessagePack|Base64|Hex|UTF-8|URL|mqtt|EMQX|RabbitMQ|Mosquitto|HiveMQ|Markdown|[a-z]+:\/\/\S+|home\/\S+|#|Ctrl\+Enter)$/;

/** What these show comes from tables and from the package, which this test reads too. */
const SHOW_TABLES = new Set([
  "connect-form.ts",
  "detail.ts",
  "errors.ts",
  "field-form.ts",
  "language.ts",
  "start.ts",
  "subscription-list.ts",
  "subscription-row.ts",
]);

/** @param {string} text */
const literal = (text) => JSON.parse(`"${text}"`);

/** The first argument of each call, which has to be a text as it stands, except where a table is shown. */
function calls() {
  const texts = [];
  const unclear = [];
  for (const name of readdirSync(sources, { recursive: true })) {
    if (!name.endsWith(".ts") || name.startsWith("text/")) {
      continue;
    }
    const source = readFileSync(join(sources, name), "utf8");
    for (const [call, text] of source.matchAll(/(?<![\w.])t\(\s*(?:"((?:[^"\\]|\\.)*)"|[^")])/g)) {
      if (text !== undefined) {
        texts.push(literal(text));
      } else if (!SHOW_TABLES.has(name)) {
        unclear.push(`${name}: ${call}`);
      }
    }
  }
  return { texts, unclear };
}

/** What index.html shows and what its attributes say. */
function document() {
  const html = readFileSync(join(root, "www/index.html"), "utf8").replace(/<!--.*?-->/gs, "");
  const body = html.slice(html.indexOf("<body>"));
  const shown = [...body.matchAll(/>([^<>]+)</g)].map(([, text]) => text);
  const said = [...body.matchAll(/\b(?:aria-label|placeholder|title|alt)="([^"]+)"/g)];
  const [, title] = /<title>(.*?)<\/title>/.exec(html) ?? [];
  return [title, ...shown, ...said.map(([, text]) => text)]
    .map((text) => text.replace(/\s+/g, " ").trim())
    .filter((text) => text !== "");
}

function tables() {
  const fields = [...PROFILE_FIELDS, ...DRAFT_FIELDS].flatMap((field) => [
    field.label,
    field.hint,
    field.placeholder,
    ...(field.choices ?? []).map(([, text]) => text),
  ]);
  const presets = PRESETS.flatMap(({ name, hint }) => [name, hint]);
  return [...fields, ...presets, ...COLOURS, ...Object.values(VIEW_NAMES)].filter(Boolean);
}

/** Sentences and reasons of the package. */
function errors() {
  const source = readFileSync(join(root, "pkg/src/errors.ts"), "utf8");
  const begin = source.indexOf("const TEXTS");
  const sentences = source.slice(begin, source.indexOf("satisfies", begin));
  const reasons = source.slice(source.indexOf("const REASONS"), source.indexOf("/** An error of"));
  const quoted = (text) =>
    [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, found]) => literal(found));
  const codes = new Set([...sentences.matchAll(/"([a-z-]+)": \[/g)].map(([, code]) => code));
  return [...quoted(sentences).filter((text) => !codes.has(text)), ...quoted(reasons)];
}

const used = new Set(
  [...calls().texts, ...document(), ...tables()].filter((text) => !SAME.test(text)),
);

test("every text has its translation", () => {
  const missing = [...used].filter((text) => !(text in page));
  assert.deepEqual(missing, []);
});

test("no translation is left over", () => {
  assert.deepEqual(
    Object.keys(page).filter((text) => !used.has(text)),
    [],
  );
});

// The package changes on its own; a sentence that has no translation yet is shown in English.
test("nearly all of the package's errors have their translation", () => {
  const all = errors();
  const missing = all.filter((text) => !(text in zh));
  assert.ok(all.length > 100, `${all.length} sentences`);
  assert.ok(missing.length < all.length / 10, `missing: ${missing.join(" ")}`);
});

test("translations keep the places for what is filled in", () => {
  const places = (text) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
  for (const [text, translation] of Object.entries(zh)) {
    assert.deepEqual(places(translation), places(text), text);
    assert.notEqual(translation.trim(), "", text);
  }
});

test("only texts as they stand are translated, and tables that this test knows", () => {
  assert.deepEqual(
    calls().unclear.map((call) => call.replace(/\s+/g, "")),
    [],
  );
});

test("the facts behind an error's sentence are kept", () => {
  useTexts(zh);
  const said = tFacts(
    "The broker refused the connection: not authorized; the broker says: go away.",
  );
  useTexts({});
  assert.match(said, /go away/);
  assert.ok(!/refused|authorized|says/.test(said), said);
});
