/** A received message. */

import type { QoS, UserProperties } from "./types.js";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** MQTT 5 properties of a message. */
export interface MessageProperties {
  /** What the payload is, mostly a MIME type. */
  contentType?: string;
  /** Where the publisher wants an answer: `client.respond` sends it there. */
  responseTopic?: string;
  /** What the answer has to carry. */
  correlationData?: Uint8Array;
  /** Seconds until the message expires. */
  messageExpiry?: number;
  /** The publisher says that the payload is UTF-8 text. */
  payloadIsText?: boolean;
  /** Empty if there are none. */
  userProperties: UserProperties;
  /** Those that the application gave. */
  subscriptionIdentifiers: readonly number[];
}

const NONE: MessageProperties = Object.freeze({
  userProperties: Object.freeze([]),
  subscriptionIdentifiers: Object.freeze([]),
});

/** A message as it was received. Subscriptions of one client that match the same message share it, with its bytes. */
export class Message {
  /** Topic name, also where the broker sent an alias. */
  readonly topic: string;
  /** The bytes as they came. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** QoS of this delivery. */
  readonly qos: QoS;
  /** The broker had it stored, or, with `retainAsPublished`, the publisher's own flag. */
  readonly retain: boolean;
  /** It may have been delivered before. */
  readonly dup: boolean;
  /** MQTT 5; without any in 3.1.1. */
  readonly properties: MessageProperties;
  /** How many subscriptions have not given it up unread. */
  #holders = 1;
  readonly #acknowledge: ((reasonCode: number) => void) | undefined;

  /** @internal */
  constructor(
    topic: string,
    payload: Uint8Array<ArrayBuffer>,
    flags: number,
    properties: MessageProperties | undefined,
    acknowledge?: (reasonCode: number) => void,
  ) {
    this.topic = topic;
    this.payload = payload;
    this.qos = (flags & 3) as QoS;
    this.retain = (flags & 4) !== 0;
    this.dup = (flags & 8) !== 0;
    this.properties = properties ?? NONE;
    this.#acknowledge = acknowledge;
  }

  /**
   * With `manualAck`: the message is dealt with, and the broker may forget it. Acknowledgements leave in the order in
   * which the messages came, each as soon as those before it have. In MQTT 5 a reason code of 0x80 or more refuses the
   * message; one that an acknowledgement cannot have throws `option-invalid`. Only the first call counts, and none after
   * the session has ended.
   */
  ack(reasonCode = 0): void {
    this.#acknowledge?.(reasonCode);
  }

  /** @internal */
  share(holders: number): void {
    this.#holders = holders;
  }

  /** @internal A subscription gives it up unread. When all of them have, nobody is left to acknowledge it. */
  drop(): void {
    this.#holders -= 1;
    if (this.#holders === 0) {
      this.ack();
    }
  }

  /** The payload as UTF-8 text; invalid bytes become U+FFFD. */
  text(): string {
    return decoder.decode(this.payload);
  }

  /**
   * The payload as JSON. Throws a SyntaxError if it is none. Integers beyond ±2⁵³ are rounded, as JavaScript's numbers
   * are: `parseJson` of `webmqtt/payload` makes BigInts of them. `reviver` is that of `JSON.parse`.
   */
  json<T = unknown>(reviver?: (this: unknown, key: string, value: unknown) => unknown): T {
    return JSON.parse(this.text(), reviver) as T;
  }

  /** The payload in pieces, for what takes a stream: a response, a decompression, a file. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new Blob([this.payload]).stream();
  }
}
