/**
 * What packets tell of a session's state: what is in flight, quotas, topic aliases, subscriptions. It follows both sides
 * as the specification does, and decides nothing; of each packet it reads only what that takes.
 */

import { type Kind, PROPERTIES } from "./dissect.js";
import type { ProtocolVersion, QoS } from "./types.js";

/** A packet with an identifier whose exchange is not over. */
export interface InFlight {
  /** `out`: this client began the exchange. */
  direction: "in" | "out";
  /** Packet Identifier; each direction has its own. */
  packetIdentifier: number;
  /** The packet that began the exchange. */
  type: "PUBLISH" | "SUBSCRIBE" | "UNSUBSCRIBE";
  /** The packet that has to come next; from whom, its name tells. */
  awaits: "PUBACK" | "PUBREC" | "PUBREL" | "PUBCOMP" | "SUBACK" | "UNSUBACK";
  /** Of a PUBLISH. */
  qos?: QoS;
  /** Topic Name, or the first Topic Filter; its first 256 bytes. Absent if the packet came before all that was seen. */
  topic?: string;
  /** Bytes of the packet that began the exchange; 0 if it came before all that was seen. */
  size: number;
  /** When the exchange began here, in milliseconds as of `Date.now()`. */
  since: number;
  /** How often the packet that began it was sent, as far as it was seen. */
  times: number;
}

/** A quota of publishes with QoS 1 and 2. */
export interface Quota {
  /** Receive Maximum of whoever receives them. Absent before MQTT 5, which has no limit. */
  receiveMaximum?: number;
  /** How many more may be sent now. Absent without a limit. */
  left?: number;
}

/** The topic aliases of one direction, which live as long as a connection. */
export interface Aliases {
  /** Topic Alias Maximum: how many the receiver takes. */
  maximum: number;
  /** Those in use, in the order in which they were first used; a topic is cut after 256 bytes. */
  topics: [alias: number, topic: string][];
}

/** A subscription that the server knows of, or was asked for. */
export interface FollowedSubscription {
  /** Topic Filter; its first 256 bytes. */
  filter: string;
  /** What was asked for. */
  qos: QoS;
  /** What was granted; absent while there is no answer. */
  granted?: QoS;
  /** MQTT 5, here and below: as in `subscribe()`. */
  noLocal: boolean;
  /** The retain flag stays as it was published. */
  retainAsPublished: boolean;
  /** 0 send retained messages, 1 only if the subscription is new, 2 never. */
  retainHandling: number;
  /** Subscription Identifier, which this client uses to tell its subscriptions apart. */
  identifier?: number;
}

/** A session as the packets have told of it. */
export interface SessionState {
  /** Number of the WebSocket that said it last, as in a `TraceEvent`; 0 before the first CONNECT. */
  connection: number;
  /** The server has accepted the connection, and it is still there. */
  connected: boolean;
  /** Of the last CONNECT. */
  version: ProtocolVersion;
  /** Of the last CONNECT, or the one that the server has assigned. */
  clientId: string;
  /** Clean Start, or Clean Session: whether the last CONNECT asked for a new session. */
  clean: boolean;
  /** Whether the server had the session; absent before the first CONNACK. */
  sessionPresent?: boolean;
  /** MQTT 5: seconds that the server keeps the session, 4,294,967,295 for ever. */
  sessionExpiry?: number;
  /** Seconds, as the server wants it. */
  keepalive: number;
  /** Oldest first. Their identifiers, of the direction `out`, are those that are in use. */
  inFlight: InFlight[];
  /** What this client may still send. */
  send: Quota;
  /** What the server may still send. */
  receive: Quota;
  /** Topic aliases that this client sends with. */
  aliasesOut: Aliases;
  /** Topic aliases that the server sends with. */
  aliasesIn: Aliases;
  /** Those that were seen to be asked for, and neither refused nor ended. */
  subscriptions: FollowedSubscription[];
}

/** Topics and filters are cut here, so that a server cannot fill the memory with them. */
const LONGEST = 256;
const U16 = 65_535;

const decoder = new TextDecoder();

/** Reads from the start; throws a RangeError where there is nothing. */
class Cursor {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  byte(): number {
    return this.#view.getUint8(this.at++);
  }

  two(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  four(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) {
        break;
      }
    }
    return value;
  }

  /** Steps over a text or bytes, and gives its beginning. */
  skip(): Uint8Array {
    const length = this.two();
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at - Math.max(0, length - LONGEST));
  }

  text(): string {
    return decoder.decode(this.skip());
  }

  /** Calls for each property; of texts only the Assigned Client Identifier is read. */
  properties(take: (identifier: number, value: number | string) => void): void {
    const length = this.varint();
    const end = this.at + length;
    while (this.at < end) {
      const identifier = this.byte();
      const kind: Kind | undefined = PROPERTIES.get(identifier)?.[1];
      switch (kind) {
        case "byte":
        case "two":
        case "four":
        case "varint":
          take(identifier, this[kind]());
          break;
        case "pair":
          this.skip();
          this.skip();
          break;
        case "text":
        case "binary":
          if (identifier === 0x12) {
            take(identifier, this.text());
          } else {
            this.skip();
          }
          break;
        default:
          throw new RangeError("no such property");
      }
    }
  }
}

const toQoS = (bits: number): QoS => ((bits & 3) === 3 ? 2 : ((bits & 3) as QoS));

/** What an UNSUBSCRIBE or a SUBSCRIBE has asked for, until it is answered. */
interface Asked {
  filters: string[];
  subscribes: boolean;
}

/** The state of one client's session. */
export class Session {
  readonly #state: SessionState = {
    connection: 0,
    connected: false,
    version: 5,
    clientId: "",
    clean: true,
    keepalive: 0,
    inFlight: [],
    send: {},
    receive: {},
    aliasesOut: { maximum: 0, topics: [] },
    aliasesIn: { maximum: 0, topics: [] },
    subscriptions: [],
  };
  readonly #exchanges = { in: new Map<number, InFlight>(), out: new Map<number, InFlight>() };
  readonly #asked = new Map<number, Asked>();
  readonly #aliases = { in: new Map<number, string>(), out: new Map<number, string>() };
  readonly #subscriptions = new Map<string, FollowedSubscription>();

  /** What is known now; a copy. */
  state(): SessionState {
    const { in: incoming, out: outgoing } = this.#exchanges;
    const state = this.#state;
    return {
      ...state,
      inFlight: [...outgoing.values(), ...incoming.values()]
        .map((each) => ({ ...each }))
        .sort((one, other) => one.since - other.since),
      send: { ...state.send },
      receive: { ...state.receive },
      aliasesOut: { ...state.aliasesOut, topics: [...this.#aliases.out] },
      aliasesIn: { ...state.aliasesIn, topics: [...this.#aliases.in] },
      subscriptions: [...this.#subscriptions.values()].map((each) => ({ ...each })),
    };
  }

  /** The WebSocket is gone. */
  closed(connection: number): void {
    if (connection === this.#state.connection) {
      this.#state.connected = false;
    }
  }

  /** Takes one whole packet, and changes nothing in it. What cannot be read tells nothing. */
  take(bytes: Uint8Array, direction: "in" | "out", connection: number, time: number): void {
    const type = (bytes[0] ?? 0) >> 4;
    // An earlier WebSocket can have a packet left while the next one is open.
    if (type !== 1 && connection !== this.#state.connection) {
      return;
    }
    const cursor = new Cursor(bytes);
    const first = cursor.byte();
    try {
      cursor.varint();
      this.#read(cursor, type, first, direction, connection, time, bytes.length);
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw error;
      }
    }
  }

  #read(
    cursor: Cursor,
    type: number,
    first: number,
    direction: "in" | "out",
    connection: number,
    time: number,
    size: number,
  ): void {
    const other = direction === "in" ? "out" : "in";
    switch (type) {
      case 1:
        this.#connect(cursor, connection);
        break;
      case 2:
        this.#connack(cursor);
        break;
      case 3:
        this.#publish(cursor, first, direction, time, size);
        break;
      case 4:
      case 7:
        this.#over(other, cursor.two());
        break;
      case 5:
        this.#pubrec(cursor, other);
        break;
      case 6:
        this.#pubrel(cursor.two(), direction, time);
        break;
      case 8:
      case 10:
        this.#ask(cursor, type === 8, time, size);
        break;
      case 9:
      case 11:
        this.#answer(cursor);
        break;
      case 14:
        this.#state.connected = false;
        break;
      default:
    }
  }

  #connect(cursor: Cursor, connection: number): void {
    cursor.skip();
    const level = cursor.byte();
    const flags = cursor.byte();
    const state = this.#state;
    state.version = level === 3 || level === 4 ? level : 5;
    state.connection = connection;
    state.connected = false;
    state.clean = (flags & 2) !== 0;
    state.keepalive = cursor.two();
    state.aliasesIn.maximum = 0;
    state.aliasesOut.maximum = 0;
    state.send = {};
    state.receive = {};
    delete state.sessionExpiry;
    this.#aliases.in.clear();
    this.#aliases.out.clear();
    if (state.version === 5) {
      state.receive.receiveMaximum = U16;
      state.sessionExpiry = 0;
      cursor.properties((identifier, value) => {
        if (identifier === 0x11) {
          state.sessionExpiry = Number(value);
        } else if (identifier === 0x21) {
          state.receive.receiveMaximum = Number(value);
        } else if (identifier === 0x22) {
          state.aliasesIn.maximum = Number(value);
        }
      });
      state.receive.left = state.receive.receiveMaximum;
    }
    state.clientId = cursor.text();
    // No part of the session: whoever asked asks again; what was not acknowledged with QoS 1 comes again.
    this.#asked.clear();
    for (const [identifier, { type, qos }] of this.#exchanges.out) {
      if (type !== "PUBLISH" || qos === 0) {
        this.#exchanges.out.delete(identifier);
      }
    }
    for (const [identifier, { qos, awaits }] of this.#exchanges.in) {
      if (qos === 1 || awaits === "PUBREC") {
        this.#exchanges.in.delete(identifier);
      }
    }
  }

  #connack(cursor: Cursor): void {
    const state = this.#state;
    const present = (cursor.byte() & 1) !== 0;
    if (cursor.byte() !== 0) {
      return;
    }
    state.connected = true;
    state.sessionPresent = present;
    if (!present) {
      this.#exchanges.in.clear();
      this.#exchanges.out.clear();
      this.#subscriptions.clear();
    }
    if (state.version !== 5) {
      return;
    }
    state.send.receiveMaximum = U16;
    cursor.properties((identifier, value) => {
      if (identifier === 0x11) {
        state.sessionExpiry = Number(value);
      } else if (identifier === 0x12) {
        state.clientId = String(value);
      } else if (identifier === 0x13) {
        state.keepalive = Number(value);
      } else if (identifier === 0x21) {
        state.send.receiveMaximum = Number(value);
      } else if (identifier === 0x22) {
        state.aliasesOut.maximum = Number(value);
      }
    });
    state.send.left = state.send.receiveMaximum;
  }

  #publish(
    cursor: Cursor,
    first: number,
    direction: "in" | "out",
    time: number,
    size: number,
  ): void {
    const qos = toQoS(first >> 1);
    const name = cursor.skip();
    const packetIdentifier = qos > 0 ? cursor.two() : 0;
    let topic = "";
    if (this.#state.version === 5) {
      cursor.properties((identifier, value) => {
        if (identifier === 0x23) {
          const aliases = this.#aliases[direction];
          if (name.length > 0) {
            aliases.set(Number(value), decoder.decode(name));
          }
          topic = aliases.get(Number(value)) ?? "";
        }
      });
    }
    if (qos === 0) {
      return;
    }
    const exchanges = this.#exchanges[direction];
    const known = exchanges.get(packetIdentifier);
    this.#spend(direction);
    if (known?.type === "PUBLISH" && (first & 8) !== 0) {
      known.times += 1;
      return;
    }
    exchanges.set(packetIdentifier, {
      direction,
      packetIdentifier,
      type: "PUBLISH",
      awaits: qos === 1 ? "PUBACK" : "PUBREC",
      qos,
      topic: topic || decoder.decode(name),
      size,
      since: time,
      times: 1,
    });
  }

  #pubrec(cursor: Cursor, direction: "in" | "out"): void {
    const identifier = cursor.two();
    if (cursor.left > 0 && cursor.byte() >= 0x80) {
      this.#over(direction, identifier);
      return;
    }
    const exchange = this.#exchanges[direction].get(identifier);
    if (exchange) {
      exchange.awaits = "PUBREL";
    }
  }

  /** From whoever sent the PUBLISH. */
  #pubrel(packetIdentifier: number, direction: "in" | "out", time: number): void {
    const exchange = this.#exchanges[direction].get(packetIdentifier);
    if (exchange) {
      exchange.awaits = "PUBCOMP";
    } else {
      this.#exchanges[direction].set(packetIdentifier, {
        direction,
        packetIdentifier,
        type: "PUBLISH",
        awaits: "PUBCOMP",
        qos: 2,
        size: 0,
        since: time,
        times: 0,
      });
    }
  }

  #over(direction: "in" | "out", identifier: number): void {
    const quota = direction === "out" ? this.#state.send : this.#state.receive;
    if (this.#exchanges[direction].delete(identifier) && quota.left !== undefined) {
      quota.left = Math.min(quota.left + 1, quota.receiveMaximum ?? U16);
    }
  }

  #spend(direction: "in" | "out"): void {
    const quota = direction === "out" ? this.#state.send : this.#state.receive;
    if (quota.left !== undefined) {
      quota.left = Math.max(0, quota.left - 1);
    }
  }

  #ask(cursor: Cursor, subscribes: boolean, time: number, size: number): void {
    const packetIdentifier = cursor.two();
    const has5 = this.#state.version === 5;
    let identifier: number | undefined;
    if (has5) {
      cursor.properties((property, value) => {
        if (property === 0x0b) {
          identifier = Number(value);
        }
      });
    }
    const filters: string[] = [];
    while (cursor.left > 0) {
      const filter = cursor.text();
      filters.push(filter);
      if (subscribes) {
        const options = cursor.byte();
        // Until it is granted, one with the same filter counts as it was.
        const granted = this.#subscriptions.get(filter)?.granted;
        this.#subscriptions.set(filter, {
          filter,
          qos: toQoS(options),
          ...(granted !== undefined && { granted }),
          noLocal: has5 && (options & 4) !== 0,
          retainAsPublished: has5 && (options & 8) !== 0,
          retainHandling: has5 ? (options >> 4) & 3 : 0,
          ...(identifier !== undefined && { identifier }),
        });
      }
    }
    this.#asked.set(packetIdentifier, { filters, subscribes });
    const topic = filters[0];
    this.#exchanges.out.set(packetIdentifier, {
      direction: "out",
      packetIdentifier,
      type: subscribes ? "SUBSCRIBE" : "UNSUBSCRIBE",
      awaits: subscribes ? "SUBACK" : "UNSUBACK",
      ...(topic !== undefined && { topic }),
      size,
      since: time,
      times: 1,
    });
  }

  #answer(cursor: Cursor): void {
    const packetIdentifier = cursor.two();
    const asked = this.#asked.get(packetIdentifier);
    this.#asked.delete(packetIdentifier);
    // It has no part in the quota.
    this.#exchanges.out.delete(packetIdentifier);
    if (this.#state.version === 5) {
      cursor.properties(() => {});
    }
    for (const filter of asked?.filters ?? []) {
      // Before MQTT 5 an UNSUBACK has no codes.
      const code = cursor.left > 0 ? cursor.byte() : 0;
      const subscription = this.#subscriptions.get(filter);
      if (!asked?.subscribes) {
        if (code < 0x80) {
          this.#subscriptions.delete(filter);
        }
      } else if (code >= 0x80) {
        this.#subscriptions.delete(filter);
      } else if (subscription) {
        subscription.granted = toQoS(code);
      }
    }
  }
}
