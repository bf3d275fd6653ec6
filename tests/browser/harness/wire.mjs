// @ts-check
// What a client and a broker said to each other, packet by packet, as the bytes on the wire have it: when a message was
// lost, came twice or came too late, it is seen there which of the two broke its promise. Each message has a topic of
// its own.

import { parser } from "mqtt-packet";

/** @typedef {"client" | "server"} Side */
/** @typedef {{ connection: number, by: Side, kind: string, id?: number | undefined, topic?: string, qos?: number }} Said */

const ANSWERS = ["puback", "pubrec"];

/** @param {Side} side @returns {Side} */
const other = (side) => (side === "client" ? "server" : "client");

export class Wire {
  /** @type {Said[]} */
  #said = [];
  #connections = 0;
  #version;

  /** @param {4 | 5} version */
  constructor(version) {
    this.#version = version;
  }

  /** Who hears the next connection. @returns {import("./fault_proxy.mjs").Ears} */
  connection() {
    this.#connections += 1;
    const number = this.#connections;
    return { client: this.#ear(number, "client"), server: this.#ear(number, "server") };
  }

  /** @param {number} connection @param {Side} by @returns {(bytes: Buffer) => void} */
  #ear(connection, by) {
    /** @type {Map<number, string>} */
    const aliases = new Map();
    const packets = parser({ protocolVersion: this.#version });
    packets.on("packet", (packet) => {
      const { cmd: kind, messageId: id } = packet;
      if (kind !== "publish") {
        this.#said.push({ connection, by, kind, id });
        return;
      }
      const alias = packet.properties?.topicAlias;
      const topic = packet.topic || String(aliases.get(Number(alias)));
      if (alias !== undefined) aliases.set(alias, topic);
      this.#said.push({ connection, by, kind, id, topic, qos: packet.qos });
    });
    packets.on("error", () => {});
    return (bytes) => {
      packets.parse(bytes);
    };
  }

  /** Places of the publishes of a message. @param {Side} by @param {string} topic */
  #publishes(by, topic) {
    return this.#said.flatMap((said, at) => (said.by === by && said.topic === topic ? [at] : []));
  }

  /** Whether a packet of the kind with the identifier is between two places. @param {Side} by @param {string[]} kinds @param {number | undefined} id @param {number} from @param {number} [to] */
  #has(by, kinds, id, from, to = this.#said.length) {
    return this.#said
      .slice(from, to)
      .some((said) => said.by === by && said.id === id && kinds.includes(said.kind));
  }

  /**
   * Whether a side sent the one message before the other although both still had to be, against [MQTT-4.6.0-1] and
   * [MQTT-4.6.0-6].
   * @param {Side} by @param {string} early @param {string} late
   */
  sentOutOfOrder(by, early, late) {
    const lates = this.#publishes(by, late);
    return this.#publishes(by, early).some((at) => {
      const connection = this.#said[at]?.connection;
      const before = lates.some((each) => each < at && this.#said[each]?.connection === connection);
      return !before && lates.some((each) => each > at);
    });
  }

  /**
   * Whether a side acknowledged a message that the other one sent, under an identifier that was free.
   * @param {Side} by who acknowledged @param {string} topic
   */
  acknowledged(by, topic) {
    const sender = other(by);
    return this.#publishes(sender, topic).some((at) => {
      const id = this.#said[at]?.id;
      const next = this.#said.findIndex(
        (said, place) =>
          place > at && said.by === sender && said.kind === "publish" && said.id === id,
      );
      const end = next < 0 ? undefined : next;
      return this.#has(by, ANSWERS, id, at, end) && !this.#wasTaken(sender, at);
    });
  }

  /** Whether a publish came under an identifier that another message still had. @param {Side} by @param {number} at */
  #wasTaken(by, at) {
    const { id, topic } = this.#said[at] ?? {};
    // With QoS 2 it is taken until the release, over any number of connections and whatever else used it.
    const released = this.#said.findLastIndex(
      (said, place) => place < at && said.by === by && said.kind === "pubrel" && said.id === id,
    );
    return this.#said.some(
      (said, place) =>
        place > released &&
        place < at &&
        said.by === by &&
        said.kind === "publish" &&
        said.id === id &&
        said.topic !== topic &&
        (said.qos === 2 || !this.#has(other(by), ["puback"], id, place, at)),
    );
  }

  /**
   * Whether a side sent a message of QoS 2 as another one: under another identifier, against [MQTT-4.4.0-1], or again
   * after its release, against [MQTT-4.3.3-6].
   * @param {Side} by @param {string} topic
   */
  repeated(by, topic) {
    const [first, ...more] = this.#publishes(by, topic);
    if (first === undefined) return false;
    const id = this.#said[first]?.id;
    return more.some((at) => this.#said[at]?.id !== id || this.#has(by, ["pubrel"], id, first, at));
  }
}
