// @ts-check
// The brokers that the table is about: how each is had, and what it is called.

import { readFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { askXtask } from "../harness/xtask.mjs";
import { brokers as facts } from "../suites/broker_facts.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const COMPOSE = "docker/compose.yaml";

/** @typedef {import("./examine.mjs").Account} Account */

/** In the order of the table's columns. @type {[kind: string, name: string][]} */
const KINDS = [
  ["mosquitto", "Mosquitto"],
  ["mosquitto-deb12", "Mosquitto"],
  ["rabbitmq", "RabbitMQ"],
  ["rabbitmq-deb12", "RabbitMQ"],
  ["hivemq", "HiveMQ CE"],
  ["embedded", "mqtt5 (the demo's)"],
  ["rumqttd", "rumqttd"],
  ["aedes", "aedes"],
];
/** The columns' names. */
export const ORDER = ["EMQX", ...new Set(KINDS.map(([, name]) => name))];

/**
 * One that `cargo xtask broker` starts.
 * @typedef {object} Startable
 * @property {string} kind
 * @property {string} name
 * @property {string} version empty if it cannot be had
 * @property {string | undefined} missing why it cannot be had
 * @property {Account | undefined} account
 * @property {boolean} tls
 */

/** @returns {Promise<Startable[]>} */
export async function startable() {
  const known = process.env.WEBMQTT_BROKERS ?? (await askXtask(["broker", "list", "--json"]));
  /** @type {{ name: string, available: boolean, version?: string | null, reason?: string | null }[]} */
  const all = JSON.parse(known);
  return KINDS.map(([kind, name]) => {
    const found = all.find((each) => each.name === kind);
    return {
      kind,
      name,
      version: found?.version ?? "",
      missing: found?.available ? undefined : (found?.reason ?? "unknown to `cargo xtask broker`"),
      account: accounts[kind] ?? facts[kind]?.account,
      tls: kind !== "embedded",
    };
  });
}

/** Of brokers that the suites know nothing of. @type {Record<string, Account>} */
const accounts = {
  hivemq: { username: "alice", password: "secret" },
  aedes: { username: "alice", password: "secret" },
};

/** Where the compose file's services listen for browsers. @type {Record<string, { name: string, url: string }>} */
export const SERVICES = {
  emqx: { name: "EMQX", url: "ws://127.0.0.1:8083/mqtt" },
  rabbitmq: { name: "RabbitMQ", url: "ws://127.0.0.1:15675/ws" },
  mosquitto: { name: "Mosquitto", url: "ws://127.0.0.1:9001/" },
  hivemq: { name: "HiveMQ CE", url: "ws://127.0.0.1:8000/mqtt" },
};

/** The services of the compose file with the versions that it pins. */
export async function composed() {
  const text = await readFile(path.join(root, COMPOSE), "utf8");
  return Object.entries(SERVICES).map(([service, { name, url }]) => {
    const image = text.match(new RegExp(`^  ${service}:\\n(?:.*\\n)*?    image: (\\S+)`, "m"))?.[1];
    const version = image?.split(":")[1]?.match(/^[\d.]+/)?.[0];
    if (!version) throw new Error(`${COMPOSE} pins no version of ${service}`);
    return { name, url, version };
  });
}

/** Whether something listens there. @param {string} url @returns {Promise<boolean>} */
export function listens(url) {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = net.connect(Number(port) || (protocol === "wss:" ? 443 : 80), hostname);
    const done = (/** @type {boolean} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(3_000, () => done(false));
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}
