// @ts-check
// The results of all runs, `docs/interop.json`, and how they read as tables. Pure but for reading and writing the files.

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { COMPOSE, ORDER } from "./brokers.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const JSON_FILE = path.join(root, "docs", "interop.json");
const PAGE = path.join(root, "docs", "interop.md");
const README = path.join(root, "README.md");
/** How a broker was had that `cargo xtask broker` did not start. */
export const BY_URL = "by its URL";
export const IN_DOCKER = `\`${COMPOSE}\``;
const MARKS = /** @type {const} */ (["<!-- interop: begin -->", "<!-- interop: end -->"]);

/** @typedef {import("./examine.mjs").Finding} Finding */
/** @typedef {import("./examine.mjs").Examination} Examination */

/**
 * @typedef {{ name: string, version: string, date: string, where: string } & Examination} Result
 * @typedef {{ name: string, version: string, date: string, skipped: string }} Skipped
 * @typedef {Result | Skipped} Entry
 */

/** @returns {Promise<Entry[]>} */
export async function readResults() {
  const text = await readFile(JSON_FILE, "utf8").catch(() => "");
  return text === "" ? [] : JSON.parse(text).brokers;
}

/** @param {Entry} entry @returns {entry is Skipped} */
export const isSkipped = (entry) => "skipped" in entry;

/** @param {Entry} entry */
const whereOf = (entry) => (isSkipped(entry) ? "" : entry.where);

/** @param {Entry} one @param {Entry} other */
const isSame = (one, other) =>
  one.name === other.name && one.version === other.version && whereOf(one) === whereOf(other);

/**
 * The results with these put in. A broker that could not be had takes nothing away that was found before.
 * @param {Entry[]} old @param {Entry[]} fresh
 */
export function merged(old, fresh) {
  let all = [...old];
  for (const entry of fresh) {
    const known = all.some((each) => each.name === entry.name && !isSkipped(each));
    if (isSkipped(entry) && known) continue;
    all = all.filter(
      (each) => !isSame(each, entry) && !(each.name === entry.name && isSkipped(each)),
    );
    all.push(entry);
  }
  const place = (/** @type {Entry} */ { name }) => {
    const at = ORDER.indexOf(name);
    return at < 0 ? ORDER.length : at;
  };
  const newest = { numeric: true };
  return all.sort(
    (one, other) =>
      place(one) - place(other) || other.version.localeCompare(one.version, "en", newest),
  );
}

/** What came from a broker must not become a table, a link or HTML. @param {string} text */
const plain = (text) => text.replace(/[\\`*_[\]<>|&]/g, "\\$&").replace(/\s+/g, " ");

/** A broker that was not started by us may be configured otherwise. @param {Entry} entry */
export function titleOf(entry) {
  const title = entry.version ? `${entry.name} ${entry.version}` : entry.name;
  if (isSkipped(entry)) return title;
  return `${title}${{ [BY_URL]: ", by its URL", [IN_DOCKER]: ", in Docker" }[entry.where] ?? ""}`;
}

const SIGNS = { works: "works", cannot: "can't", fails: "**fails**", skipped: "–" };

/** @param {string[][]} rows the first one is the head */
function table(rows) {
  const [head = [], ...body] = rows;
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...body.map(line)];
}

/** Every broker that was tried. @param {Entry[]} entries @returns {Result[]} */
const tried = (entries) => /** @type {Result[]} */ (entries.filter((entry) => !isSkipped(entry)));

/** @param {Result} result @param {string} group @param {string} name */
const findingOf = (result, group, name) =>
  result.findings.find((finding) => finding.group === group && finding.name === name);

/** Names in the order in which the checks have them. @param {Result[]} results @param {string} group */
function namesIn(results, group) {
  const names = new Set();
  for (const { findings } of results) {
    for (const finding of findings) if (finding.group === group) names.add(finding.name);
  }
  return /** @type {string[]} */ ([...names]);
}

/** @param {Result[]} results @param {string} group */
function matrix(results, group) {
  const rows = namesIn(results, group).map((name) => [
    name,
    ...results.map((result) => SIGNS[findingOf(result, group, name)?.outcome ?? "skipped"]),
  ]);
  return table([["", ...results.map((result) => plain(titleOf(result)))], ...rows]);
}

/** @param {number} bytes */
const size = (bytes) =>
  bytes >= 1_048_576 ? `${Math.floor(bytes / 1_048_576)} MiB` : `${Math.floor(bytes / 1024)} KiB`;

/** @param {Result} result */
function announcedRow({ announced }) {
  if (!announced) return ["speaks no MQTT 5", "", "", "", "", ""];
  const { receiveMaximum, maximumPacketSize, maximumQoS, topicAliasMaximum, sessionExpiry } =
    announced;
  const unbounded = Number(maximumPacketSize) >= 268_435_455;
  return [
    String(receiveMaximum),
    unbounded ? "no limit" : size(Number(maximumPacketSize)),
    String(maximumQoS),
    String(topicAliasMaximum),
    announced.sharedSubscriptionAvailable ? "yes" : "no",
    Number(sessionExpiry) >= TEN_YEARS ? "as asked" : `cut to ${sessionExpiry} s`,
  ];
}
const TEN_YEARS = 315_360_000;

/** @param {Result} result */
function wireRow({ wire: { in: arrived, out } }) {
  return [
    `${out.packets} in ${out.messages}, up to ${out.most} in one`,
    `${arrived.packets} in ${arrived.messages}, up to ${arrived.most} in one`,
    arrived.cut === 0 ? "never" : `${arrived.cut} times`,
  ];
}

/** @param {Result} result */
function answersOf(result) {
  const open = result.findings.filter(({ outcome }) => outcome === "cannot" || outcome === "fails");
  const seen = ["Overlapping subscriptions", "Large payload", "False account refused"];
  const told = result.findings.filter(
    ({ name, outcome }) => outcome === "works" && seen.includes(name),
  );
  return [...open, ...told].map(
    ({ group, name, outcome, words }) =>
      `- ${plain(group)}, ${plain(name)}: ${SIGNS[outcome]}. ${plain(words)}`,
  );
}

/** `docs/interop.md`. @param {Entry[]} entries */
export function pageOf(entries) {
  const results = tried(entries);
  const titles = results.map((result) => plain(titleOf(result)));
  const lines = [
    "<!-- Written by `cargo xtask interop`; do not edit. -->",
    "# Brokers",
    "",
    "Each cell is from a run of `cargo xtask interop`: the checks of the page's own test of a broker, with the built",
    "package, in headless Chromium, over WebSocket. **can't** is the broker's own answer, which is told below the tables;",
    "**–** was not tried: there is no connection with that version, or a broker was started without TLS or accounts.",
    "",
    "    cargo xtask interop                                        # the brokers that this machine can have",
    "    cargo xtask interop --running                              # those of docker/compose.yaml, at their ports",
    "    cargo xtask interop --url ws://… --name EMQX               # any broker; its result is put into these tables",
    "",
    `${IN_DOCKER} has EMQX, RabbitMQ, Mosquitto and HiveMQ for a machine with Docker. Its form is tested; a column says`,
    "**in Docker** if it was run.",
    "",
    "What each broker's peculiarities mean for an application is in [the guide](guide/brokers.md).",
    "",
    ...table([
      ["Broker", "Run on", "How it was had"],
      ...entries.map((entry) => [
        plain(titleOf(entry)),
        entry.date,
        isSkipped(entry) ? `skipped: ${entry.skipped}` : entry.where,
      ]),
    ]),
  ];
  for (const group of ["MQTT 5", "MQTT 3.1.1", "MQTT 3.1"]) {
    lines.push("", `## ${group}`, "", ...matrix(results, group));
  }
  lines.push(
    "",
    "## What they announce",
    "",
    "In the CONNACK of MQTT 5, to a client that asks for a session of ten years.",
    "",
    ...table([
      [
        "",
        "Receive Maximum",
        "Maximum Packet Size",
        "Maximum QoS",
        "Topic Alias Maximum",
        "Shared Subscription",
        "Session Expiry",
      ],
      ...results.map((result, at) => [titles[at] ?? "", ...announcedRow(result)]),
    ]),
    "",
    "## The WebSocket handshake",
    "",
    ...table([
      ["", ...(results[0]?.handshakes.map(({ asked }) => asked) ?? [])],
      ...results.map((result, at) => [
        titles[at] ?? "",
        ...result.handshakes.map(({ answer }) => plain(answer)),
      ]),
    ]),
    "",
    "## Packets and WebSocket messages",
    "",
    "Seen at the page's sockets, over the whole run.",
    "",
    ...table([
      [
        "",
        "Packets to the broker",
        "Packets from the broker",
        "Its messages end inside of a packet",
      ],
      ...results.map((result, at) => [titles[at] ?? "", ...wireRow(result)]),
    ]),
    "",
    "## In the brokers' own words",
  );
  for (const result of results) {
    lines.push("", `### ${plain(titleOf(result))}`, "", ...answersOf(result));
  }
  return `${lines.join("\n")}\n`;
}

/** Several cells in one. @param {Finding[]} findings */
function together(findings) {
  const all = new Set(findings.map(({ outcome }) => outcome));
  if (all.has("fails")) return SIGNS.fails;
  if (all.has("cannot")) return all.has("works") ? "in part" : SIGNS.cannot;
  return all.has("works") ? SIGNS.works : SIGNS.skipped;
}

/** The compact table in the README. @param {Entry[]} entries */
export function readmeTable(entries) {
  /** @type {[string, RegExp][]} */
  const columns = [
    ["QoS 0, 1", /^QoS [01],/],
    ["QoS 2", /^(QoS 2,|Offline delivery, QoS 2)/],
    ["offline QoS 1", /^Offline delivery, QoS 1/],
    ["retained", /^Retained message/],
    ["will", /last will/i],
    ["shared", /^Shared/],
    ["large payload", /^Large/],
    ["wss", /^TLS/],
  ];
  const rows = tried(entries).map((result) => {
    const spoken = ["MQTT 5", "MQTT 3.1.1"].filter(
      (group) => findingOf(result, group, "Connect")?.outcome === "works",
    );
    const cells = columns.map(([, pattern]) => {
      const all = result.findings.filter(
        ({ group, name }) => spoken.includes(group) && pattern.test(name),
      );
      return together(all);
    });
    return [
      plain(titleOf(result)),
      spoken.map((group) => group.replace("MQTT ", "")).join(", "),
      ...cells,
    ];
  });
  return table([["Broker", "MQTT", ...columns.map(([title]) => title)], ...rows]).join("\n");
}

/** @param {string} readme @param {Entry[]} entries */
export function readmeWith(readme, entries) {
  const [begin, end] = MARKS.map((mark) => readme.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) return readme;
  return `${readme.slice(0, begin + MARKS[0].length)}\n${readmeTable(entries)}\n${readme.slice(end)}`;
}

/** @param {Entry[]} entries */
export async function writeResults(entries) {
  const text = JSON.stringify({ kind: "webmqtt-interop", brokers: entries }, null, 1);
  await writeFile(JSON_FILE, `${text}\n`);
  await writeFile(PAGE, pageOf(entries));
  await writeFile(README, readmeWith(await readFile(README, "utf8"), entries));
}

/** The documents as they are and as they should be. */
export async function documents() {
  const entries = await readResults();
  const [page, readme] = [await readFile(PAGE, "utf8"), await readFile(README, "utf8")];
  return { entries, page, readme };
}
