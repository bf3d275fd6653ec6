/**
 * What packets tell of a session's state: what is in flight, quotas, topic aliases, subscriptions. It follows both sides
 * as the specification does, and decides nothing; of each packet it reads only what that takes.
 */

import { Cursor, Short } from "./cursor.js";
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
  /** Topic Filter. */
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

/** Topics are cut here, so that a server cannot fill the memory with them; it sends no filters. */
const LONGEST = 256;
const U16 = 65_535;

const decoder = new TextDecoder();

/** Topics and texts of servers are read up to their limit. */
class Reader extends Cursor {
  /** The beginning of a text. */
  text(): string {
    return decoder.decode(this.binary().subarray(0, LONGEST));
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
          this.binary();
          this.binary();
          break;
        case "text":
        case "binary":
          if (identifier === 0x12) {
            take(identifier, this.text());
          } else {
            this.binary();
          }
          break;
        default:
          throw new Short();
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
  /** Client Identifier of the last CONNECT. */
  #askedId = "";

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
    const reader = new Reader(bytes);
    const first = reader.byte();
    try {
      reader.varint();
      this.#read(reader, type, first, direction, connection, time, bytes.length);
    } catch (error) {
      if (!(error instanceof Short)) {
        throw error;
      }
    }
  }

  #read(
    reader: Reader,
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
        this.#connect(reader, connection);
        break;
      case 2:
        this.#connack(reader);
        break;
      case 3:
        this.#publish(reader, first, direction, time, size);
        break;
      case 4:
      case 7:
        this.#over(other, reader.two());
        break;
      case 5:
        this.#pubrec(reader, other);
        break;
      case 6:
        this.#pubrel(reader.two(), direction, time);
        break;
      case 8:
      case 10:
        this.#ask(reader, type === 8, time, size);
        break;
      case 9:
      case 11:
        this.#answer(reader);
        break;
      case 14:
        this.#disconnect(reader, direction);
        break;
      default:
    }
  }

  #connect(reader: Reader, connection: number): void {
    reader.binary();
    const level = reader.byte();
    const flags = reader.byte();
    const state = this.#state;
    state.version = level === 3 || level === 4 ? level : 5;
    state.connection = connection;
    state.connected = false;
    state.clean = (flags & 2) !== 0;
    state.keepalive = reader.two();
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
      reader.properties((identifier, value) => {
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
    const clientId = reader.text();
    // The server may have assigned another one than was asked for: each of them names the session.
    if (clientId !== state.clientId && clientId !== this.#askedId) {
      this.#exchanges.in.clear();
      this.#exchanges.out.clear();
      this.#subscriptions.clear();
      delete state.sessionPresent;
    }
    this.#askedId = clientId;
    state.clientId = clientId;
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

  #connack(reader: Reader): void {
    const state = this.#state;
    const present = (reader.byte() & 1) !== 0;
    if (reader.byte() !== 0) {
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
    reader.properties((identifier, value) => {
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

  #disconnect(reader: Reader, direction: "in" | "out"): void {
    const state = this.#state;
    state.connected = false;
    if (state.version !== 5 || direction === "in" || reader.left === 0) {
      return;
    }
    reader.byte();
    if (reader.left > 0) {
      reader.properties((identifier, value) => {
        if (identifier === 0x11) {
          state.sessionExpiry = Number(value);
        }
      });
    }
  }

  #publish(
    reader: Reader,
    first: number,
    direction: "in" | "out",
    time: number,
    size: number,
  ): void {
    const qos = toQoS(first >> 1);
    const name = reader.binary().subarray(0, LONGEST);
    const packetIdentifier = qos > 0 ? reader.two() : 0;
    let topic = "";
    if (this.#state.version === 5) {
      reader.properties((identifier, value) => {
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

  #pubrec(reader: Reader, direction: "in" | "out"): void {
    const identifier = reader.two();
    if (reader.left > 0 && reader.byte() >= 0x80) {
      this.#over(direction, identifier);
      return;
    }
    const exchange = this.#exchanges[direction].get(identifier);
    if (exchange?.type === "PUBLISH") {
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
    const exchanges = this.#exchanges[direction];
    // The answer to a SUBSCRIBE is another packet.
    if (exchanges.get(identifier)?.type !== "PUBLISH") {
      return;
    }
    exchanges.delete(identifier);
    const quota = direction === "out" ? this.#state.send : this.#state.receive;
    if (quota.left !== undefined) {
      quota.left = Math.min(quota.left + 1, quota.receiveMaximum ?? U16);
    }
  }

  #spend(direction: "in" | "out"): void {
    const quota = direction === "out" ? this.#state.send : this.#state.receive;
    if (quota.left !== undefined) {
      quota.left = Math.max(0, quota.left - 1);
    }
  }

  #ask(reader: Reader, subscribes: boolean, time: number, size: number): void {
    const packetIdentifier = reader.two();
    const has5 = this.#state.version === 5;
    let identifier: number | undefined;
    if (has5) {
      reader.properties((property, value) => {
        if (property === 0x0b) {
          identifier = Number(value);
        }
      });
    }
    const filters: string[] = [];
    let topic: string | undefined;
    while (reader.left > 0) {
      const bytes = reader.binary();
      const filter = decoder.decode(bytes);
      topic ??= decoder.decode(bytes.subarray(0, LONGEST));
      filters.push(filter);
      if (subscribes) {
        const options = reader.byte();
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

  #answer(reader: Reader): void {
    const packetIdentifier = reader.two();
    const asked = this.#asked.get(packetIdentifier);
    if (!asked) {
      return;
    }
    this.#asked.delete(packetIdentifier);
    // It has no part in the quota.
    this.#exchanges.out.delete(packetIdentifier);
    if (this.#state.version === 5) {
      reader.properties(() => {});
    }
    for (const filter of asked.filters) {
      // Before MQTT 5 an UNSUBACK has no codes.
      const code = reader.left > 0 ? reader.byte() : 0;
      const subscription = this.#subscriptions.get(filter);
      if (!asked.subscribes) {
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
