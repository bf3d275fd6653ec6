// @ts-check
// The crate as others get it: what is in it, what it depends on, and with which Rust it compiles.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { output, root } from "./harness/consumer.mjs";

/** Besides the sources. */
const FILES = [
  ".cargo_vcs_info.json",
  "Cargo.lock",
  "Cargo.toml",
  "Cargo.toml.orig",
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "README.md",
];

/** Licences that ask for nothing that MIT or Apache-2.0 do not. */
const LICENCES = ["Apache-2.0", "MIT", "Unicode-3.0", "Unlicense", "Zlib"];

/** @param {string[]} command */
const cargo = (...command) => output(["cargo", ...command], root);

/** Whether a program is there. @param {string} program @param {string[]} args */
const works = (program, ...args) =>
  promisify(execFile)(program, args, { cwd: root }).then(
    () => true,
    () => false,
  );

/** `A OR (B AND C)` and the older `A/B`. @param {string} expression */
function fits(expression) {
  return expression
    .split(/ OR |\//)
    .some((all) =>
      all.split(" AND ").every((one) => LICENCES.includes(one.replace(/[()]/g, "").trim())),
    );
}

/** @typedef {{ id: string, name: string, version: string, license: string | null, rust_version: string | null }} Package */

describe("the crate", { timeout: 1_200_000 }, () => {
  let oldest = "";
  /** What an application compiles with it, for whichever target and features. @type {Package[]} */
  let dependencies = [];

  before(async () => {
    const manifest = await readFile(path.join(root, "Cargo.toml"), "utf8");
    oldest = /^rust-version = "([\d.]+)"/m.exec(manifest)?.[1] ?? "";
    const metadata = JSON.parse(await cargo("metadata", "--format-version", "1", "--locked"));
    /** @type {Map<string, { deps: { pkg: string, dep_kinds: { kind: string | null }[] }[] }>} */
    const nodes = new Map(
      metadata.resolve.nodes.map((/** @type {{ id: string }} */ node) => [node.id, node]),
    );
    const own = metadata.packages.find((/** @type {Package} */ { name }) => name === "webmqtt");
    const found = new Set([own.id]);
    for (const id of found) {
      for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
        if (dep_kinds.some(({ kind }) => kind !== "dev")) found.add(pkg);
      }
    }
    found.delete(own.id);
    dependencies = metadata.packages.filter((/** @type {Package} */ { id }) => found.has(id));
    assert.ok(dependencies.some(({ name }) => name === "wasm-bindgen"));
  });

  test("has what users need and nothing else", async () => {
    const listed = await cargo("package", "--list", "--allow-dirty", "--package", "webmqtt");
    const others = listed.split("\n").filter((file) => file && !/^src\/[\w/]+\.rs$/.test(file));
    assert.deepEqual(others.sort(), FILES);
  });

  test("would be published", async () => {
    const common = ["--allow-dirty", "--package", "webmqtt"];
    const publishing = cargo("publish", "--dry-run", ...common);
    // Without a registry to ask it is packed and compiled all the same.
    await publishing.catch((error) => {
      assert.match(String(error), /registry|index|network|HTTP|resolve host/i);
      return cargo("package", "--offline", ...common);
    });
  });

  test("depends only on what has a licence that fits", () => {
    const wrong = dependencies.filter(({ license }) => !fits(license ?? "none"));
    assert.deepEqual(
      wrong.map(({ name, license }) => `${name}: ${license}`),
      [],
    );
  });

  test("depends on nothing that asks for a newer Rust than it does", () => {
    const number = (/** @type {string} */ version) => Number(version.split(".")[1] ?? 0);
    const newer = dependencies.filter(
      ({ rust_version }) => number(rust_version ?? "1.0") > number(oldest),
    );
    assert.deepEqual(
      newer.map(({ name, rust_version }) => `${name}: ${rust_version}`),
      [],
    );
  });

  test("compiles with the oldest Rust that it names", async (context) => {
    if (!(await works("rustup", "run", oldest, "cargo", "--version"))) {
      context.skip(
        `there is no Rust ${oldest}: \`cargo xtask setup --only oldest-rust\` tries to get it`,
      );
      return;
    }
    const folder = path.join(root, "target/oldest");
    const check = ["cargo", "check", "--package", "webmqtt", "--features", "scram", "--target-dir"];
    await output(["rustup", "run", oldest, ...check, folder], root);
  });

  const deny = process.env.WEBMQTT_CARGO_DENY ?? "cargo-deny";
  const noDeny = "there is no cargo-deny: `cargo xtask setup --only cargo-deny` tries to get it";

  test("has the licences and sources that cargo-deny is told to allow", async (context) => {
    if (!(await works(deny, "--version"))) return context.skip(noDeny);
    await output([deny, "--offline", "check", "bans", "licenses", "sources"], root);
  });

  test("is in no advisory that cargo-deny knows", async (context) => {
    if (!(await works(deny, "--version"))) return context.skip(noDeny);
    if (!(await works(deny, "fetch", "db"))) {
      return context.skip("the advisories cannot be fetched here");
    }
    await output([deny, "--offline", "check", "advisories"], root);
  });
});
