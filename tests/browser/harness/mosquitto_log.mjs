// @ts-check
// Reads what Mosquitto writes about packets (`log_type all`), and tells from it who is to blame for a message that was
// lost or doubled while the broker was killed: the broker, which forgets what it had acknowledged since it last saved,
// or the client. Each message has a topic of its own.

/**
 * @typedef {object} Line
 * @property {boolean} sent by the broker
 * @property {string} kind
 * @property {string} client
 * @property {number} id
 * @property {string} [topic]
 */

const PUBLISH = /: (Received|Sending) PUBLISH (?:from|to) (\S+) \(d\d, q\d, r\d, m(\d+), '([^']*)'/;
const ANSWER =
  /: (Received|Sending) (PUBACK|PUBREC|PUBREL|PUBCOMP) (?:from|to) (\S+) \((?:m|Mid: )(\d+)/;

/** @param {string} text @returns {Line | undefined} */
function lineOf(text) {
  const publish = text.match(PUBLISH);
  if (publish) {
    const [, how, client = "", id, topic = ""] = publish;
    return { sent: how === "Sending", kind: "PUBLISH", client, id: Number(id), topic };
  }
  const answer = text.match(ANSWER);
  if (!answer) return undefined;
  const [, how, kind = "", client = "", id] = answer;
  return { sent: how === "Sending", kind, client, id: Number(id) };
}

export class MosquittoLog {
  /** By client. @type {Map<string, Line[]>} */
  #lines = new Map();

  /** @param {string} log the logs of all its lives, one after the other */
  constructor(log) {
    for (const text of log.split("\n")) {
      const line = lineOf(text);
      if (!line) continue;
      const lines = this.#lines.get(line.client);
      if (lines) lines.push(line);
      else this.#lines.set(line.client, [line]);
    }
  }

  /** @param {string} client */
  linesOf(client) {
    return this.#lines.get(client) ?? [];
  }

  /** Places of the packets of this kind. @param {string} client @param {Partial<Line>} wanted */
  #places(client, { sent, kind, id, topic }) {
    return this.linesOf(client).flatMap((line, place) =>
      line.sent === sent &&
      line.kind === kind &&
      (id === undefined || line.id === id) &&
      (topic === undefined || line.topic === topic)
        ? [place]
        : [],
    );
  }

  /** Whether the broker had a publish of the client, and so it is the broker's loss. @param {string} client @param {string} topic */
  brokerHad(client, topic) {
    return this.#places(client, { sent: false, kind: "PUBLISH", topic }).length > 0;
  }

  /**
   * Whether the client began to publish a message of QoS 2 again after it had released it.
   * @param {string} client @param {string} topic
   */
  clientRepeated(client, topic) {
    const lines = this.linesOf(client);
    const places = this.#places(client, { sent: false, kind: "PUBLISH", topic });
    const [first = 0] = places;
    const id = lines[first]?.id;
    const [released] = this.#places(client, { sent: false, kind: "PUBREL", id }).filter(
      (place) => place > first,
    );
    return released !== undefined && places.some((place) => place > released);
  }

  /** Whether the client acknowledged a message that was sent to it. @param {string} client @param {string} topic */
  clientAcknowledged(client, topic) {
    const lines = this.linesOf(client);
    return this.#places(client, { sent: true, kind: "PUBLISH", topic }).some((sent) => {
      const id = lines[sent]?.id;
      const again = this.#places(client, { sent: true, kind: "PUBLISH", id });
      const next = again.find((place) => place > sent) ?? lines.length;
      return ["PUBACK", "PUBREC"].some((kind) =>
        this.#places(client, { sent: false, kind, id }).some((at) => at > sent && at < next),
      );
    });
  }

  /**
   * Whether the broker sent a message of QoS 2 again after it had released it.
   * @param {string} client @param {string} topic
   */
  brokerRepeated(client, topic) {
    const lines = this.linesOf(client);
    const places = this.#places(client, { sent: true, kind: "PUBLISH", topic });
    const [first = 0] = places;
    const id = lines[first]?.id;
    const [released] = this.#places(client, { sent: true, kind: "PUBREL", id }).filter(
      (place) => place > first,
    );
    // Under another identifier it is another message.
    return places.some(
      (place) => lines[place]?.id !== id || (released !== undefined && place > released),
    );
  }
}
