// @ts-check
// The reference that TypeDoc makes: nothing is missing in it, and every option says its unit, its default and its limits.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { removeFolder, temporaryFolder } from "../browser/harness/folders.mjs";
import { output, root } from "./harness/consumer.mjs";

/**
 * @typedef {object} Reflection
 * @property {string} name
 * @property {number} kind
 * @property {{ isOptional?: boolean }} [flags]
 * @property {{ summary: { text: string }[] }} [comment]
 * @property {{ type: string, name?: string, types?: { type: string, name?: string }[] }} [type]
 * @property {Reflection[]} [children]
 */

const MODULE = 2;
const INTERFACE = 256;
/** What applications hand over; all else they are given. */
const OPTIONS = /Options$|^Will$|^ConnectChanges$/;
const UNIT =
  /\b(seconds|milliseconds|bytes|messages|attempts|rounds|aliases|times|identifier|code)\b/i;
/** Any number will do. */
const UNLIMITED = new Set(["clockSkew"]);
const LIMIT = /\d to [\d,]*\d/;

describe("the reference", () => {
  let folder = "";
  /** @type {Reflection} */
  let project;

  before(async () => {
    folder = await temporaryFolder("reference");
    const typedoc = path.join(root, "tests/packaging/node_modules/typedoc/bin/typedoc");
    const options = ["--options", path.join(root, "pkg/typedoc.json")];
    const out = ["--out", path.join(folder, "html"), "--json", path.join(folder, "api.json")];
    // A warning is an error to it.
    await output([process.execPath, typedoc, ...options, ...out], root);
    project = JSON.parse(await readFile(path.join(folder, "api.json"), "utf8"));
  });
  after(() => removeFolder(folder));

  const modules = () => (project.children ?? []).filter(({ kind }) => kind === MODULE);

  test("has every entry and a page for each class", async () => {
    assert.deepEqual(
      modules().map(({ name }) => name),
      ["index", "inspect", "payload", "scram", "sigv4"],
    );
    const pages = await readdir(path.join(folder, "html/classes"));
    for (const name of ["Client", "Message", "MqttError", "Subscription"]) {
      assert.ok(pages.includes(`index.${name}.html`), name);
    }
  });

  test("says of every option what is the default, and in what unit and range it is", () => {
    const interfaces = modules()
      .flatMap(({ children = [] }) => children)
      .filter(({ kind, name }) => kind === INTERFACE && OPTIONS.test(name));
    const wanting = interfaces.flatMap(({ name: owner, children = [] }) =>
      children.flatMap(({ name, flags, comment, type }) => {
        const text = (comment?.summary ?? []).map((part) => part.text).join("");
        const kinds = (type?.types ?? [type]).map((one) => one?.name);
        const lacks = [
          flags?.isOptional && !/Default/.test(text) && "default",
          kinds.includes("number") && !UNIT.test(text) && "unit",
          kinds.includes("number") && !LIMIT.test(text) && !UNLIMITED.has(name) && "limits",
          kinds.includes("Uint8Array") && !/at most [\d,]+ bytes/i.test(text) && "limit",
        ].filter(Boolean);
        return lacks.length > 0 ? [`${owner}.${name}: ${lacks.join(", ")}`] : [];
      }),
    );
    assert.ok(interfaces.length >= 12, "most of the options were not found");
    assert.deepEqual(wanting, []);
  });
});
