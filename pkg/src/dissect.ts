/**
 * What is in a packet, field by field, with the place of each field among the bytes. For looking at: it goes on as far as
 * it understands and refuses nothing, which is the engine's business. Secrets are covered.
 */

import { Cursor, Short } from "./cursor.js";
import { REASONS } from "./errors.js";
import type { ProtocolVersion } from "./types.js";

/** One field of a packet. */
export interface PacketField {
  /** As the specification calls it; that of a will begins with `Will`. */
  name: string;
  /** Text, a number, a flag, or bytes. Of something secret it says only how long it is. */
  value: string | number | boolean | Uint8Array;
  /** Where it begins, in bytes from the start of the packet. */
  offset: number;
  /** How many bytes it takes, with the length that stands before a text. Several fields can share a byte. */
  length: number;
  /** What a number means, where the specification has a name for it. */
  meaning?: string;
  /** It is secret and covered. */
  covered?: true;
}

/** What `dissect` makes of a packet. */
export interface Dissection {
  /** As the specification writes it, such as `CONNECT`. */
  type: string;
  /** In the order of the packet. */
  fields: PacketField[];
  /** The version by which it was read; that of a CONNECT is in it. */
  version: ProtocolVersion;
  /** Where it could not be read any further. */
  broken?: string;
}

const TYPES = [
  "reserved",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
] as const;

/** How a property is written. @internal */
export type Kind = "byte" | "two" | "four" | "varint" | "text" | "binary" | "pair";

/** By identifier. @internal */
export const PROPERTIES: ReadonlyMap<number, readonly [name: string, kind: Kind]> = new Map([
  [0x01, ["Payload Format Indicator", "byte"]],
  [0x02, ["Message Expiry Interval", "four"]],
  [0x03, ["Content Type", "text"]],
  [0x08, ["Response Topic", "text"]],
  [0x09, ["Correlation Data", "binary"]],
  [0x0b, ["Subscription Identifier", "varint"]],
  [0x11, ["Session Expiry Interval", "four"]],
  [0x12, ["Assigned Client Identifier", "text"]],
  [0x13, ["Server Keep Alive", "two"]],
  [0x15, ["Authentication Method", "text"]],
  [0x16, ["Authentication Data", "binary"]],
  [0x17, ["Request Problem Information", "byte"]],
  [0x18, ["Will Delay Interval", "four"]],
  [0x19, ["Request Response Information", "byte"]],
  [0x1a, ["Response Information", "text"]],
  [0x1c, ["Server Reference", "text"]],
  [0x1f, ["Reason String", "text"]],
  [0x21, ["Receive Maximum", "two"]],
  [0x22, ["Topic Alias Maximum", "two"]],
  [0x23, ["Topic Alias", "two"]],
  [0x24, ["Maximum QoS", "byte"]],
  [0x25, ["Retain Available", "byte"]],
  [0x26, ["User Property", "pair"]],
  [0x27, ["Maximum Packet Size", "four"]],
  [0x28, ["Wildcard Subscription Available", "byte"]],
  [0x29, ["Subscription Identifier Available", "byte"]],
  [0x2a, ["Shared Subscription Available", "byte"]],
]);

/** Reason codes below 0x80 that mean the same in every packet. */
const GOOD: ReadonlyMap<number, string> = new Map([
  [0x00, "success"],
  [0x04, "disconnect with will message"],
  [0x10, "no matching subscribers"],
  [0x11, "no subscription existed"],
  [0x18, "continue authentication"],
  [0x19, "re-authenticate"],
]);

/** Return codes of CONNACK before MQTT 5, from 1 on. */
const RETURN_CODES = [
  "unacceptable protocol version",
  "identifier rejected",
  "server unavailable",
  "bad user name or password",
  "not authorized",
];

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Notes each field that it reads. */
class Reader extends Cursor {
  readonly fields: PacketField[] = [];
  /** Before every name, where fields belong to the will. */
  prefix = "";

  /** Notes a field that has just been read. */
  note(name: string, value: PacketField["value"], offset: number, meaning?: string): void {
    this.fields.push({
      name: this.prefix + name,
      value,
      offset,
      length: this.at - offset,
      ...(meaning !== undefined && { meaning }),
    });
  }

  readText(): string {
    return decoder.decode(this.binary());
  }

  number(
    name: string,
    read: () => number,
    meaning?: (value: number) => string | undefined,
  ): number {
    const start = this.at;
    const value = read();
    this.note(name, value, start, meaning?.(value));
    return value;
  }

  text(name: string): void {
    const start = this.at;
    this.note(name, this.readText(), start);
  }

  /** Bits of the byte that was read last. */
  bits(name: string, value: number | boolean): void {
    this.note(name, value, this.at - 1);
  }

  /** Bytes that nobody is to see, and their length before them. */
  secret(name: string): void {
    const start = this.at;
    this.#cover(name, this.binary(), start);
  }

  #cover(name: string, bytes: Uint8Array, start: number): void {
    const value = `${bytes.length} bytes, covered`;
    bytes.fill(0);
    const { prefix, at } = this;
    this.fields.push({
      name: prefix + name,
      value,
      offset: start,
      length: at - start,
      covered: true,
    });
  }

  /** `covered`: what users put in is part of the credentials here. */
  properties(covered = false): void {
    const length = this.number("Property Length", () => this.varint());
    if (length > this.left) {
      throw new Short();
    }
    const end = this.at + length;
    while (this.at < end) {
      const start = this.at;
      const [name, kind] = PROPERTIES.get(this.byte()) ?? [];
      if (name === undefined || kind === undefined) {
        this.at = start;
        throw new Short();
      }
      if (kind === "pair") {
        const key = this.readText();
        if (covered) {
          this.#cover(`${name} ${key}`, this.binary(), start);
        } else {
          this.note(name, `${key}: ${this.readText()}`, start);
        }
      } else if (name === "Authentication Data") {
        this.#cover(name, this.binary(), start);
      } else {
        this.note(name, kind === "text" ? this.readText() : this[kind](), start);
      }
    }
  }
}

function meaningOf(code: number): string | undefined {
  return GOOD.get(code) ?? REASONS[code - 0x80];
}

function grantOf(code: number): string | undefined {
  return code < 3 ? `granted QoS ${code}` : REASONS[code - 0x80];
}

/**
 * Takes one whole packet apart. The bytes of secrets are overwritten with zeros, in `bytes` itself: user name, password,
 * authentication data, and the values of user properties of CONNECT and AUTH.
 *
 * `version` is that of the connection, and of no interest for CONNECT, which says it itself. Default 5.
 */
export function dissect(bytes: Uint8Array, version: ProtocolVersion = 5): Dissection {
  const reader = new Reader(bytes);
  const type = TYPES[(bytes[0] ?? 0) >> 4] ?? "reserved";
  const read: Dissection = { type, fields: reader.fields, version };
  try {
    packet(reader, read);
    if (reader.left > 0) {
      read.broken = `${reader.left} bytes are left over`;
    }
  } catch (thrown) {
    if (!(thrown instanceof Short)) {
      throw thrown;
    }
    read.broken = `it cannot be read from byte ${reader.at} on`;
    // A secret can be in what was not understood.
    if (type === "CONNECT" || type === "AUTH") {
      bytes.fill(0, reader.at);
    }
  }
  return read;
}

function packet(reader: Reader, read: Dissection): void {
  const first = reader.byte();
  reader.note("Packet Type", first >> 4, 0, read.type);
  if (read.type === "PUBLISH") {
    reader.bits("DUP", (first & 8) !== 0);
    reader.bits("QoS", (first >> 1) & 3);
    reader.bits("RETAIN", (first & 1) !== 0);
  } else {
    reader.bits("Flags", first & 15);
  }
  reader.number("Remaining Length", () => reader.varint());
  const { version, type } = read;
  const has5 = version === 5;
  const identifier = () => reader.number("Packet Identifier", () => reader.two());
  const reason = () => reader.number("Reason Code", () => reader.byte(), meaningOf);
  switch (type) {
    case "CONNECT":
      connect(reader, read);
      break;
    case "CONNACK":
      reader.note("Session Present", (reader.byte() & 1) !== 0, reader.at - 1);
      if (has5) {
        reason();
        reader.properties();
      } else {
        const names = ["accepted", ...RETURN_CODES];
        reader.number(
          "Return Code",
          () => reader.byte(),
          (code) => names[code],
        );
      }
      break;
    case "PUBLISH":
      reader.text("Topic Name");
      if ((first & 6) !== 0) {
        identifier();
      }
      if (has5) {
        reader.properties();
      }
      payload(reader);
      break;
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
      identifier();
      if (has5) {
        reader.properties();
      }
      while (reader.left > 0) {
        reader.text("Topic Filter");
        if (type === "SUBSCRIBE") {
          subscriptionOptions(reader, has5);
        }
      }
      break;
    case "SUBACK":
    case "UNSUBACK":
      identifier();
      if (has5) {
        reader.properties();
      }
      while (reader.left > 0) {
        const meaning = type === "SUBACK" ? grantOf : meaningOf;
        reader.number("Reason Code", () => reader.byte(), meaning);
      }
      break;
    case "PUBACK":
    case "PUBREC":
    case "PUBREL":
    case "PUBCOMP":
      identifier();
      answer(reader, has5);
      break;
    case "DISCONNECT":
    case "AUTH":
      answer(reader, has5, type === "AUTH");
      break;
    default:
  }
}

/** What may be left out at the end of a packet of MQTT 5: reason code, then properties. */
function answer(reader: Reader, has5: boolean, covered = false): void {
  if (has5 && reader.left > 0) {
    reader.number("Reason Code", () => reader.byte(), meaningOf);
    if (reader.left > 0) {
      reader.properties(covered);
    }
  }
}

function subscriptionOptions(reader: Reader, has5: boolean): void {
  const options = reader.byte();
  reader.bits("QoS", options & 3);
  if (has5) {
    reader.bits("No Local", (options & 4) !== 0);
    reader.bits("Retain As Published", (options & 8) !== 0);
    reader.bits("Retain Handling", (options >> 4) & 3);
  }
}

function connect(reader: Reader, read: Dissection): void {
  reader.text("Protocol Name");
  const level = reader.number(
    "Protocol Version",
    () => reader.byte(),
    (value) => (value === 5 ? "5.0" : value === 4 ? "3.1.1" : value === 3 ? "3.1" : undefined),
  );
  read.version = level === 3 || level === 4 ? level : 5;
  const has5 = read.version === 5;
  const flags = reader.byte();
  const hasWill = (flags & 4) !== 0;
  const [hasName, hasPassword] = [(flags & 0x80) !== 0, (flags & 0x40) !== 0];
  reader.bits("User Name Flag", hasName);
  reader.bits("Password Flag", hasPassword);
  reader.bits("Will Retain", (flags & 0x20) !== 0);
  reader.bits("Will QoS", (flags >> 3) & 3);
  reader.bits("Will Flag", hasWill);
  reader.bits(has5 ? "Clean Start" : "Clean Session", (flags & 2) !== 0);
  reader.number("Keep Alive", () => reader.two());
  if (has5) {
    reader.properties(true);
  }
  reader.text("Client Identifier");
  if (hasWill) {
    reader.prefix = "Will ";
    if (has5) {
      reader.properties();
    }
    reader.text("Topic");
    const start = reader.at;
    reader.note("Payload", reader.binary(), start);
    reader.prefix = "";
  }
  if (hasName) {
    reader.secret("User Name");
  }
  if (hasPassword) {
    reader.secret("Password");
  }
}

function payload(reader: Reader): void {
  const start = reader.at;
  reader.note("Payload", reader.bytes(reader.left), start);
}
