/**
 * One client's part of the page: its WebSocket, its timer, microtasks, and what the page lives through.
 *
 * It knows nothing of MQTT. The engine calls these methods, as `src/client/facade.rs` says, and hears what happens.
 */

import { elsewhere } from "./endpoint.js";
import { type Engine, Happening } from "./engine.js";
import { guarded } from "./listeners.js";

/** Who tells of a page's life. A worker hears little of it; the page forwards it there. */
const EVENTS = ["visibilitychange", "resume", "online", "pagehide", "pageshow"] as const;

const HANDLERS = ["onopen", "onmessage", "onclose", "onerror"] as const;

/** Opens a WebSocket from URL and subprotocol. */
export type Opener = (url: string, subprotocol: string) => WebSocket;

/** @internal */
export class Page {
  readonly #opener: Opener;
  readonly #read: (batch: unknown[]) => void;
  readonly #write: (ops: unknown[]) => void;
  #engine: Engine | undefined;
  #socket: WebSocket | undefined;
  /** What has come and was not taken. */
  #received = new Uint8Array();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #settled = Promise.resolve();
  readonly #turnEnded = () => this.#tell(Happening.Microtask);

  /** `read` is for records, `write` for what the store is told. */
  constructor(opener: Opener, read: (batch: unknown[]) => void, write: (ops: unknown[]) => void) {
    this.#opener = opener;
    this.#read = read;
    this.#write = write;
  }

  /** The engine hears what happens from now on. */
  attach(engine: Engine): void {
    this.#engine = engine;
    // In the capture phase of the global scope, where the events of the document pass, too. Node.js has no such events.
    for (const event of EVENTS) {
      globalThis.addEventListener?.(event, this.#lived, true);
    }
  }

  /** It hears nothing any more. */
  release(): void {
    for (const event of EVENTS) {
      globalThis.removeEventListener?.(event, this.#lived, true);
    }
    this.shut();
    this.clearTimer();
    this.#engine?.free();
    this.#engine = undefined;
  }

  readonly #lived = ({ type, persisted }: { type: string; persisted?: boolean }) => {
    // Every page comes with `pageshow`; only one that was kept says `persisted`.
    if (type === "online") {
      this.#tell(Happening.Network);
    } else if (type === "resume" || (type === "visibilitychange" && !globalThis.document?.hidden)) {
      this.#tell(Happening.Running);
    } else if (persisted) {
      this.#tell(type === "pagehide" ? Happening.PutAway : Happening.Running);
    }
  };

  #tell(what: Happening, number = 0): void {
    this.#engine?.happened(what, number);
  }

  /** Opens a socket. False if the browser refuses it at once; `undefined` if the reference names no usable server. */
  open(own: string, reference: string | undefined, subprotocol: string): boolean | undefined {
    const url = elsewhere(own, reference);
    if (url === undefined) {
      return undefined;
    }
    try {
      const socket = this.#opener(url, subprotocol);
      this.#socket = socket;
      // Blobs would have to be read asynchronously, out of order.
      socket.binaryType = "arraybuffer";
      socket.onopen = () => {
        socket.onerror = null;
        this.#engine?.socket(0, socket.protocol);
      };
      socket.onmessage = ({ data }) => {
        if (data instanceof ArrayBuffer) {
          this.#received = new Uint8Array(data);
          this.#tell(Happening.Bytes, data.byteLength);
        } else {
          this.#tell(Happening.Text);
        }
      };
      // A code of 0, which nobody should give, stands for one that is not there: the engine takes it for an opening.
      const closed = ({ code, reason = "", wasClean = false }: Partial<CloseEvent>) =>
        this.#engine?.socket((code || 1006) | (wasClean ? 0x1_0000 : 0), reason);
      socket.onclose = closed;
      // Of a WebSocket that opened, `close` says more. Before that it may never come: Chromium leaves it out where the
      // page's policy forbids the URL, WebKit where the port or the scheme does.
      socket.onerror = closed as () => void;
      return true;
    } catch {
      return false;
    }
  }

  take(to: Uint8Array): void {
    to.set(this.#received);
  }

  send(bytes: Uint8Array): void {
    try {
      // Bytes that are sent after the socket has closed are lost like those on the way; resending covers both.
      this.#socket?.send(bytes as Uint8Array<ArrayBuffer>);
    } catch {}
  }

  buffered(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  shut(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      // The handlers go first: nothing that this socket still says may reach its successor.
      for (const handler of HANDLERS) {
        socket[handler] = null;
      }
      try {
        socket.close();
      } catch {}
    }
  }

  setTimer(delay: number): void {
    this.#timer = setTimeout(() => this.#tell(Happening.Timer), delay);
  }

  clearTimer(): void {
    clearTimeout(this.#timer);
  }

  queueMicrotask(): void {
    // The global function of that name takes 2 to 4 µs more in Chromium, whose engine has to be left and entered for it.
    this.#settled.then(this.#turnEnded);
  }

  /** The payload is a view of the module's memory. */
  message(batch: unknown[], payload: Uint8Array, flags: number, key: number): void {
    batch.push(0, new Uint8Array(payload), flags, key);
  }

  deliver(batch: unknown[]): void {
    guarded(() => this.#read(batch));
  }

  store(ops: unknown[]): void {
    guarded(() => this.#write(ops));
  }
}
