/**
 * Watches the packets of a client, in both directions, with their fields and bytes; secrets are covered.
 *
 * ```ts
 * import { connect } from "webmqtt";
 * import { Inspector } from "webmqtt/inspect";
 *
 * const inspector = new Inspector();
 * inspector.trace((event) => {
 *   if (event.kind === "packet") console.log(event.direction, event.type, event.fields);
 * });
 * const client = await connect(url, { webSocket: inspector.webSocket });
 * ```
 *
 * It stands between the client and the WebSocket and changes nothing. While nobody traces it only counts lengths, to know
 * where packets begin, and follows the session's state if it was asked to.
 */

import { type Dissection, dissect } from "./dissect.js";
import { Session, type SessionState } from "./follow.js";
import { guarded } from "./listeners.js";
import type { ProtocolVersion, WebSocketConstructor, WebSocketLike } from "./types.js";

export { type Dissection, dissect, type PacketField } from "./dissect.js";
export type { Aliases, FollowedSubscription, InFlight, Quota, SessionState } from "./follow.js";

/** What every event says. */
export interface TraceBase {
  /** When it happened, in milliseconds as of `Date.now()`, with fractions where the platform has them. */
  time: number;
  /** Number of the WebSocket, from 1. */
  connection: number;
}

/** A WebSocket was made. */
export interface TraceOpening extends TraceBase {
  /** What happened. */
  kind: "opening";
  /** Where to; the query, which can be a signature, is covered. */
  url: string;
  /** What was offered. */
  subprotocol: string;
}

/** It is open. */
export interface TraceOpen extends TraceBase {
  /** What happened. */
  kind: "open";
  /** What the server has chosen. */
  subprotocol: string;
}

/** It has closed. */
export interface TraceClose extends TraceBase {
  /** What happened. */
  kind: "close";
  /** 1006 when there was no closing handshake. */
  code: number;
  /** The server's words, or empty. */
  reason: string;
}

/** A packet was handed to the WebSocket, or came from it. */
export interface TracePacket extends TraceBase, Dissection {
  /** What happened. */
  kind: "packet";
  /** `out`: from the client to the broker. */
  direction: "in" | "out";
  /** Bytes of the whole packet. */
  size: number;
  /** Its bytes, up to the `limit` of the inspector; zeros where something secret was. */
  bytes: Uint8Array;
}

/** A text message, or bytes that are no packets: nothing can be read from this direction any more. */
export interface TraceNoise extends TraceBase {
  /** What happened. */
  kind: "noise";
  /** `out`: from the client to the broker. */
  direction: "in" | "out";
}

/** What listeners get. */
export type TraceEvent = TraceOpening | TraceOpen | TraceClose | TracePacket | TraceNoise;

/** What an inspector can be made with. */
export interface InspectorOptions {
  /** How many bytes of a packet an event holds, 0 to 268,435,460. Fields are read from all of it. Default 65,536. */
  limit?: number;
  /**
   * Also follow the session's state, for `session()`: of each packet it reads a few bytes, whether somebody traces or not.
   * The inspector is for one client then. Default false.
   */
  session?: boolean;
  /** The WebSocket to watch. Default: the global one. */
  webSocket?: WebSocketConstructor;
}

/** Sees the packets of the clients that have its `webSocket`. */
export class Inspector {
  /** For the option `webSocket` of a client; it can be that of several. */
  readonly webSocket: WebSocketConstructor;
  readonly #listeners = new Set<(event: TraceEvent) => void>();
  readonly #limit: number;
  readonly #session: Session | undefined;
  #connections = 0;

  /** Traces nothing yet. */
  constructor({ limit = 65_536, session = false, webSocket }: InspectorOptions = {}) {
    this.#limit = limit;
    this.#session = session ? new Session() : undefined;
    const watch = (url: string, subprotocol: string) => {
      const Given = webSocket ?? (WebSocket as WebSocketConstructor);
      return this.#watch(new Given(url, subprotocol), url, subprotocol);
    };
    // What a constructor gives instead of itself is what `new` gives.
    this.webSocket = class {
      constructor(url: string, subprotocol: string) {
        // biome-ignore lint/correctness/noConstructorReturn: the WebSocket itself, watched
        return watch(url, subprotocol);
      }
    } as unknown as WebSocketConstructor;
  }

  /**
   * Calls the listener for each event from now on; gives a function that ends it. A listener that throws stops nothing:
   * the page's own error handling hears of it.
   */
  trace(
    listener: (event: TraceEvent) => void,
    { signal }: { signal?: AbortSignal } = {},
  ): () => void {
    const end = () => {
      this.#listeners.delete(listener);
      signal?.removeEventListener("abort", end);
    };
    if (!signal?.aborted) {
      this.#listeners.add(listener);
      signal?.addEventListener("abort", end, { once: true });
    }
    return end;
  }

  /**
   * With the option `session`: what is in flight, the quotas, topic aliases and subscriptions, as the packets so far have
   * told; else `undefined`. It knows nothing of an earlier page but what is sent again, and nothing of the queue.
   */
  session(): SessionState | undefined {
    return this.#session?.state();
  }

  #tell(event: TraceEvent): void {
    for (const listener of [...this.#listeners]) {
      guarded(() => listener(event));
    }
  }

  #watch(socket: WebSocketLike, url: string, offered: string): WebSocketLike {
    this.#connections += 1;
    const connection = this.#connections;
    const base = (): TraceBase => ({
      time: performance.timeOrigin + performance.now(),
      connection,
    });
    const state: { version: ProtocolVersion } = { version: 5 };
    const frames = (direction: "in" | "out") =>
      new Frames(
        (bytes) => this.#packet(bytes, direction, base(), state),
        () => this.#tell({ kind: "noise", direction, ...base() }),
      );
    const [incoming, outgoing] = [frames("in"), frames("out")];
    this.#tell({ kind: "opening", url: covered(url), subprotocol: offered, ...base() });
    const send = socket.send;
    socket.send = (data) => {
      outgoing.take(data);
      send.call(socket, data);
    };
    const events = socket as unknown as EventTarget;
    events.addEventListener("open", () => {
      this.#tell({ kind: "open", subprotocol: socket.protocol, ...base() });
    });
    // Before the client's own handler, which is set later.
    events.addEventListener("message", (event) => incoming.take((event as MessageEvent).data));
    events.addEventListener("close", (event) => {
      const { code, reason } = event as CloseEvent;
      this.#session?.closed(connection);
      this.#tell({ kind: "close", code, reason, ...base() });
    });
    return socket;
  }

  #packet(
    view: Uint8Array,
    direction: "in" | "out",
    base: TraceBase,
    state: { version: ProtocolVersion },
  ): void {
    this.#session?.take(view, direction, base.connection, base.time);
    const isConnect = (view[0] ?? 0) >> 4 === 1;
    if (this.#listeners.size === 0 && !isConnect) {
      return;
    }
    // The engine's memory, or what it is about to read: neither may be changed.
    const bytes = view.slice();
    const dissection = dissect(bytes, state.version);
    if (isConnect) {
      state.version = dissection.version;
    }
    const size = bytes.length;
    const kept = (all: Uint8Array) => (size > this.#limit ? all.slice(0, this.#limit) : all);
    const fields = dissection.fields.map((field) =>
      field.value instanceof Uint8Array ? { ...field, value: kept(field.value) } : field,
    );
    const event = { kind: "packet" as const, direction, size, bytes: kept(bytes), ...base };
    this.#tell({ ...event, ...dissection, fields });
  }
}

/** Finds packets in messages that need not begin or end where packets do. */
class Frames {
  readonly #packet: (bytes: Uint8Array) => void;
  readonly #noise: () => void;
  /** The beginning of a packet. */
  #rest: Uint8Array[] = [];
  #length = 0;
  #lost = false;

  constructor(packet: (bytes: Uint8Array) => void, noise: () => void) {
    this.#packet = packet;
    this.#noise = noise;
  }

  take(data: unknown): void {
    if (this.#lost) {
      return;
    }
    if (!(data instanceof ArrayBuffer || ArrayBuffer.isView(data))) {
      this.#lose();
      return;
    }
    const view =
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (this.#length > 0) {
      this.#rest.push(view.slice());
      this.#length += view.length;
      this.#continue();
    } else {
      this.#read(view);
    }
  }

  /** Joins the pieces only when they make a packet, so that a large one is not copied again and again. */
  #continue(): void {
    const head = this.#rest[0] ?? new Uint8Array();
    const needed = head.length >= 5 ? sizeOf(head) : 0;
    if (needed !== undefined && needed > this.#length) {
      return;
    }
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#rest.splice(0)) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#length = 0;
    this.#read(whole);
  }

  #read(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const rest = bytes.subarray(at);
      const size = sizeOf(rest);
      if (size === undefined) {
        this.#lose();
        return;
      }
      if (size === 0 || size > rest.length) {
        this.#rest = [rest.slice()];
        this.#length = rest.length;
        return;
      }
      this.#packet(rest.subarray(0, size));
      at += size;
    }
  }

  #lose(): void {
    this.#lost = true;
    this.#rest = [];
    this.#noise();
  }
}

/** Bytes of the packet that begins here; 0 if its length is not there yet, `undefined` if it has none. */
function sizeOf(bytes: Uint8Array): number | undefined {
  let length = 0;
  for (let index = 1; index < 5; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) {
      return 0;
    }
    length += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) {
      return 1 + index + length;
    }
  }
  return undefined;
}

function covered(url: string): string {
  return url.replace(/\?.*/, "?…");
}
