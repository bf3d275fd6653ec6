// @ts-check
// `cargo xtask interop`: examines brokers one after the other, prints what was found and puts it into the documents.
//   node run.mjs [--only KIND]... | --running | --url URL --name NAME [--broker-version V] [--username U --password-env VAR]

import { parseArgs } from "node:util";
import { COMPOSE, composed, listens, startable } from "./brokers.mjs";
import { examine, examineStarted } from "./examine.mjs";
import {
  BY_URL,
  IN_DOCKER,
  isSkipped,
  merged,
  readResults,
  titleOf,
  writeResults,
} from "./results.mjs";

/** @typedef {import("./results.mjs").Entry} Entry */

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    running: { type: "boolean", default: false },
    url: { type: "string" },
    name: { type: "string" },
    "broker-version": { type: "string" },
    username: { type: "string" },
    "password-env": { type: "string" },
  },
});
const date = new Date().toISOString().slice(0, 10);

/** @param {Entry} entry */
function tell(entry) {
  if (isSkipped(entry)) {
    console.log(`${titleOf(entry)}: skipped: ${entry.skipped}`);
    return;
  }
  const { findings } = entry;
  console.log(`\n${titleOf(entry)}`);
  for (const { group, name, outcome, words } of findings) {
    console.log(`  ${`${group}, ${name}`.padEnd(52)} ${outcome.padEnd(8)} ${words}`);
  }
  const number = (/** @type {string} */ outcome) =>
    findings.filter((finding) => finding.outcome === outcome).length;
  console.log(
    `  ${number("works")} work, ${number("cannot")} the broker can't, ${number("fails")} fail, ${number("skipped")} not tried`,
  );
}

/** @returns {AsyncGenerator<Entry>} */
async function* hereStarted() {
  const unknown = new Set(values.only);
  for (const broker of await startable()) {
    const { kind, name, version, missing } = broker;
    if (values.only.length > 0 && !unknown.delete(kind)) continue;
    if (missing) {
      yield { name, version: "", date, skipped: missing };
      continue;
    }
    const examination = await examineStarted(broker);
    yield { name, version, date, where: `\`cargo xtask broker ${kind}\``, ...examination };
  }
  if (unknown.size > 0) throw new Error(`--only knows no \`${[...unknown].join(" ")}\``);
  if (values.only.length === 0) {
    const skipped = `in no package registry; \`docker compose -f ${COMPOSE} up -d\` and \`cargo xtask interop --running\`, or --url, bring it in`;
    yield { name: "EMQX", version: "", date, skipped };
  }
}

/** @returns {AsyncGenerator<Entry>} */
async function* running() {
  for (const { name, version, url } of await composed()) {
    if (!(await listens(url))) {
      yield { name, version: "", date, skipped: `nothing listens at ${url}` };
      continue;
    }
    yield { name, version, date, where: IN_DOCKER, ...(await examine({ url })) };
  }
}

/** @param {string} url @returns {AsyncGenerator<Entry>} */
async function* elsewhere(url) {
  const { name, username, "password-env": variable } = values;
  if (!name) throw new Error("--url needs the broker's --name");
  const password = variable ? process.env[variable] : undefined;
  if (variable && password === undefined) throw new Error(`${variable} is not set`);
  const login = username === undefined ? undefined : { username, password: password ?? "" };
  const examination = await examine({
    url,
    login,
    tlsUrl: url.startsWith("wss:") ? url : undefined,
  });
  const told = examination.broker.match(/\d+(?:\.\d+)+/)?.[0];
  const version = values["broker-version"] ?? told ?? "";
  yield { name, version, date, where: BY_URL, ...examination };
}

const found = [];
const runs = values.url ? elsewhere(values.url) : values.running ? running() : hereStarted();
for await (const entry of runs) {
  tell(entry);
  found.push(entry);
}
await writeResults(merged(await readResults(), found));
console.log("\ndocs/interop.md, docs/interop.json and the README's table are written");
