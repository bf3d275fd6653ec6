// @ts-check
// An independent MQTT client (MQTT.js, in Node) on the same broker: it counts what really arrived
// there and publishes what the page has to receive, so that the client under test is never its own
// witness.

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import mqtt from "mqtt";
import { Arrivals } from "./arrivals.mjs";
import { ARRIVAL, LAUNCH } from "./patience.mjs";
import { numbers } from "./series.mjs";

/** Unacknowledged publishes at a time. */
const WINDOW = 10;

/** @typedef {{ topic: string, text: string, bytes: Buffer, qos: number, retain: boolean, dup: boolean }} Witnessed */

/** @param {string} prefix */
export function uniqueName(prefix) {
  return `${prefix}-${randomBytes(6).toString("hex")}`;
}

export class Witness {
  /** @type {Arrivals<Witnessed>} */
  messages = new Arrivals();
  /** One entry for each CONNACK. @type {Arrivals<{ sessionPresent: boolean }>} */
  connections = new Arrivals();
  /** Why connections were lost. @type {Arrivals<string>} */
  losses = new Arrivals();
  #client;

  /** @param {mqtt.MqttClient} client */
  constructor(client) {
    this.#client = client;
    client.on("error", () => {});
    client.on("close", () => {
      if (!client.disconnecting) this.losses.push("the connection was closed");
    });
    client.on("connect", (packet) => {
      this.connections.push({ sessionPresent: packet.sessionPresent });
    });
    client.on("message", (topic, payload, packet) => {
      this.messages.push({
        topic,
        text: payload.length > 4096 ? `${payload.length} bytes` : payload.toString(),
        bytes: payload,
        qos: packet.qos,
        retain: packet.retain,
        dup: packet.dup,
      });
    });
  }

  /**
   * @param {string} url ws: or mqtt:
   * @param {{ version: 4 | 5, clientId?: string, clean?: boolean, will?: import("mqtt").IClientOptions["will"] }} options
   */
  static async connect(url, { version, clientId = uniqueName("witness"), clean = true, will }) {
    const client = mqtt.connect(url, {
      protocolVersion: version,
      clientId,
      clean,
      will,
      keepalive: 60,
      reconnectPeriod: 50,
      connectTimeout: ARRIVAL,
      properties: version === 5 && !clean ? { sessionExpiryInterval: 3600 } : undefined,
    });
    const witness = new Witness(client);
    await witness.connected(1);
    return witness;
  }

  /** Waits for the `count`th CONNACK. @param {number} count */
  async connected(count) {
    return this.connections.until(
      (connections) => connections[count - 1],
      () => `the witness' connection ${count}`,
      LAUNCH,
    );
  }

  /** @param {string} filter @param {0 | 1 | 2} qos */
  async subscribe(filter, qos) {
    const [grant] = await this.#client.subscribeAsync(filter, { qos });
    return grant;
  }

  /**
   * @param {string} topic
   * @param {string | Buffer} payload
   * @param {{ qos?: 0 | 1 | 2, retain?: boolean }} [options]
   */
  async publish(topic, payload, options = {}) {
    await this.#client.publishAsync(topic, payload, { qos: 0, ...options });
  }

  /**
   * Publishes the numbers `from` to `to` in order, a few at a time: MQTT.js does not keep to the
   * broker's Receive Maximum.
   * @param {string} topic @param {number} from @param {number} to @param {0 | 1 | 2} qos
   */
  async publishSeries(topic, from, to, qos) {
    for (let first = from; first <= to; first += WINDOW) {
      const batch = numbers(first, Math.min(first + WINDOW - 1, to));
      await Promise.all(batch.map((number) => this.publish(topic, number, { qos })));
    }
    if (qos === 0) await this.settled();
  }

  /** Waits until the broker has handled everything that was published with QoS 0 so far. */
  async settled() {
    await this.publish(uniqueName("settled"), "settled", { qos: 1 });
  }

  /** Texts so far on a topic. @param {string} topic @returns {string[]} */
  texts(topic) {
    return this.messages.items.filter((m) => m.topic === topic).map((m) => m.text);
  }

  /**
   * Waits for a message with this text; gives everything on its topic so far.
   * @param {string} topic @param {string} text @param {number} [patience]
   */
  async until(topic, text, patience) {
    await this.messages.until(
      (messages) => messages.find((m) => m.topic === topic && m.text === text),
      () => `the witness to see "${text}" on ${topic}, it saw ${this.texts(topic)}`,
      patience,
    );
    return this.texts(topic);
  }

  /** Waits until every number from 1 to `last` has been seen on the topic at least once. @param {string} topic @param {number} last @param {number} [patience] */
  async untilAll(topic, last, patience) {
    const missing = () => {
      const seen = new Set(this.texts(topic));
      return numbers(1, last).filter((number) => !seen.has(number));
    };
    await this.messages.until(
      () => (missing().length === 0 ? true : undefined),
      () => `the witness to see 1 to ${last} on ${topic}, missing: ${missing()}`,
      patience,
    );
    return this.texts(topic);
  }

  async end() {
    // MQTT.js may not come to it when it is just connecting again.
    const given = new AbortController();
    const late = delay(5_000, undefined, { signal: given.signal }).catch(() => {});
    await Promise.race([this.#client.endAsync(true), late]);
    given.abort();
  }
}
