// @ts-check
// What webmqtt has set itself, as ratios of one run.

/** @typedef {import("./results.mjs").Line} Line */

/**
 * @typedef {object} Goal
 * @property {string} title
 * @property {(table: Table) => number | undefined} reached undefined where it was not measured
 * @property {number} wanted
 * @property {"at least" | "at most"} sense
 */

const PEERS = ["mqttjs", "paho", "u8", "mqtt5_wasm"];

/** Looks numbers up. */
class Table {
  #lines;

  /** @param {readonly Line[]} lines */
  constructor(lines) {
    this.#lines = new Map(lines.map((line) => [line.id, line]));
  }

  /** @param {string} id @param {string} [name] */
  ratio(id, name = "webmqtt") {
    const cell = this.#lines.get(id)?.cells[name];
    return cell && "ratio" in cell ? cell.ratio?.median : undefined;
  }

  /** @param {string} id @param {string} [name] */
  value(id, name = "webmqtt") {
    const cell = this.#lines.get(id)?.cells[name];
    return cell && "value" in cell ? cell.value.median : undefined;
  }

  /** Webmqtt's value by another's. @param {string} id @param {string} name */
  against(id, name) {
    return quotient(this.value(id), this.value(id, name));
  }
}

/** @param {number | undefined} a @param {number | undefined} b */
function quotient(a, b) {
  return a === undefined || b === undefined ? undefined : a / b;
}

/** @param {"at least" | "at most"} sense @returns {(title: string, wanted: number, reached: Goal["reached"]) => Goal} */
const goal = (sense) => (title, wanted, reached) => ({ title, wanted, sense, reached });
const atLeast = goal("at least");
const atMost = goal("at most");

/** @type {Goal[]} */
const GOALS = [
  atLeast("publish QoS 0, 16 B, of the floor", 0.8, (t) => t.ratio("publish-0-16")),
  atLeast("publish QoS 0, 1 KiB, of the floor", 0.8, (t) => t.ratio("publish-0-1024")),
  atLeast("publish QoS 0, 16 B, times MQTT.js", 1.5, (t) => t.against("publish-0-16", "mqttjs")),
  atLeast("publish QoS 0, 1 KiB, times MQTT.js", 1.15, (t) =>
    t.against("publish-0-1024", "mqttjs"),
  ),
  ...[1, 2].flatMap((qos) =>
    [16, 1024, 65_536].map((size) =>
      atLeast(`publish QoS ${qos}, ${size} B, of the floor`, 0.9, (t) =>
        t.ratio(`publish-${qos}-${size}`),
      ),
    ),
  ),
  ...["receive-1", "receive-1000", "batch-1"].flatMap((id) => [
    atLeast(`${id}: messages a second, of the floor`, 0.97, (t) => t.ratio(id)),
    atMost(`${id}: µs of main thread above the floor's`, 2, (t) => {
      const [own, floor] = [t.value(`${id}-busy`), t.value(`${id}-busy`, "floor")];
      return own === undefined || floor === undefined ? undefined : own - floor;
    }),
  ]),
  atLeast(
    "100 per WebSocket message: messages per main-thread second, times the fastest peer",
    3,
    (t) => {
      const peers = PEERS.flatMap((name) => t.value("batch-100-busy", name) ?? []);
      return peers.length ? quotient(Math.min(...peers), t.value("batch-100-busy")) : undefined;
    },
  ),
  atMost("WebSocket messages for 1,000 PUBACK", 15, (t) => t.value("acknowledgements")),
  atMost("main thread with 100 wildcard handlers, times with 1", 1.2, (t) =>
    quotient(t.value("handlers-100-busy"), t.value("handlers-1-busy")),
  ),
  ...[0, 1, 2].map((qos) =>
    atMost(`round trip QoS ${qos}, median, times the floor`, 1.1, (t) =>
      t.ratio(`round-trip-${qos}`),
    ),
  ),
  atMost("cold start, times MQTT.js", 1, (t) => t.against("cold-start", "mqttjs")),
  atMost("minimal application, gzip bytes", 45_000, (t) => t.value("size-gzip")),
  atMost("minimal application, brotli bytes", 32_000, (t) => t.value("size-brotli")),
  atMost("memory left of the messages, KiB", 64, (t) => t.value("memory-growth")),
];

/**
 * The goals that a run has measured, and whether they are met.
 * @param {readonly Line[]} lines
 */
export function judged(lines) {
  const table = new Table(lines);
  return GOALS.flatMap(({ title, wanted, sense, reached }) => {
    const value = reached(table);
    if (value === undefined) return [];
    const met = sense === "at least" ? value >= wanted : value <= wanted;
    return [{ title, sense, wanted, value, met }];
  });
}
