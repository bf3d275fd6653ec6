/**
 * Reads the engine's records: a number that says which kind, then a fixed count of fields.
 *
 * `src/js/records.rs` writes them; the two files change together.
 */

import { type BrokerWords, type CloseDetails, codeOf, type MqttErrorCode } from "./errors.js";
import { Message, type MessageProperties } from "./message.js";
import type { ConnectionInfo, QoS } from "./types.js";

type Code = MqttErrorCode | undefined;
type Reason = number | undefined;
type Words = BrokerWords | undefined;

/** One method for each kind of record. */
export interface RecordReader {
  /** Topics by the numbers that records have for them. */
  readonly topics: string[];
  onMessage(message: Message, keys: number | readonly number[]): void;
  /** The application acknowledges a message. */
  acknowledge(token: number, reasonCode: number): void;
  onState(
    state: number,
    code: Code,
    reason: Reason,
    words: Words,
    delay: number | undefined,
    attempt: number,
    close: CloseDetails | undefined,
    server: number,
    opened: boolean,
  ): void;
  onConnected(info: ConnectionInfo): void;
  onPublished(token: number, code: Code, reason: Reason, words: Words, qos: QoS): void;
  /** `results` alternates: error number, then granted QoS or reason code. */
  onSubscribed(token: number, words: Words, results: readonly unknown[]): void;
  /** `results` alternates: error number, then reason code. */
  onUnsubscribed(token: number, words: Words, results: readonly unknown[]): void;
  onWarning(code: MqttErrorCode, reason: Reason, filter: string | undefined): void;
  onPrepare(refused: boolean): void;
  onAuthentication(done: boolean, data: Uint8Array | undefined): void;
  /** Comes before `onMessage`, which can then have no keys. */
  onResponse(token: number, message: Message): void;
  onRequestFailed(token: number, code: MqttErrorCode, reason: Reason, words: Words): void;
  onReauthenticated(token: number, code: Code, reason: Reason): void;
  onWritable(): void;
}

/** Records of a batch, one after the other. The reader must not throw. */
export function readRecords(batch: readonly unknown[], reader: RecordReader): void {
  let at = 0;
  const next = <T>() => batch[at++] as T;
  const code = () => {
    const number = next<number | undefined>();
    return (number === undefined ? number : codeOf(number)) as MqttErrorCode;
  };
  while (at < batch.length) {
    switch (next<number>()) {
      case 0: {
        const payload = next<Uint8Array<ArrayBuffer>>();
        const flags = next<number>();
        const key = next<number>();
        const place = flags >> 8;
        const topic = flags & 128 ? next<string>() : (reader.topics[place] as string);
        reader.topics[place] = topic;
        const keys = key || next<readonly number[]>();
        const properties = flags & 64 ? next<MessageProperties>() : undefined;
        let acknowledge: ((reasonCode: number) => void) | undefined;
        if (flags & 16) {
          const token = next<number>();
          acknowledge = (reasonCode) => reader.acknowledge(token, reasonCode);
        }
        const message = new Message(topic, payload, flags, properties, acknowledge);
        if (flags & 32) {
          reader.onResponse(next(), message);
        }
        reader.onMessage(message, keys);
        break;
      }
      case 1:
        reader.onState(next(), code(), next(), next(), next(), next(), next(), next(), next());
        break;
      case 2:
        reader.onConnected(next());
        break;
      case 3:
        reader.onPublished(next(), code(), next(), next(), next());
        break;
      case 4:
        reader.onSubscribed(next(), next(), next());
        break;
      case 5:
        reader.onUnsubscribed(next(), next(), next());
        break;
      case 6:
        reader.onWarning(code(), next(), next());
        break;
      case 7:
        reader.onPrepare(next());
        break;
      case 8:
        reader.onAuthentication(next(), next());
        break;
      case 9:
        reader.onReauthenticated(next(), code(), next());
        break;
      case 10:
        reader.onWritable();
        break;
      case 12:
        for (
          let token = next<number>(), end = next<number>(), how = next<number>();
          token !== end;
        ) {
          reader.onPublished(token++, undefined, how >> 2, undefined, (how & 3) as QoS);
          token >>>= 0;
        }
        break;
      default:
        reader.onRequestFailed(next(), code(), next(), next());
    }
  }
}
