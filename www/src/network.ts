/**
 * The network between a connection and its broker, worse than it is: cut, or slow. It stands between the client and the
 * browser's WebSocket and knows nothing of what goes over it. No document here.
 */

import type { WebSocketConstructor } from "webmqtt";
import { Pipe, type Throttle } from "./pipe.js";
import { Signal } from "./signal.js";

export class Network {
  /** For the client. */
  readonly webSocket: WebSocketConstructor;
  readonly changed = new Signal<void>();
  readonly #sockets = new Set<NetworkSocket>();
  #isCut = false;
  #throttle: Throttle | undefined;

  constructor() {
    const open = (url: string, subprotocol: string): NetworkSocket => {
      const socket = new NetworkSocket({
        real: this.#isCut ? undefined : new WebSocket(url, subprotocol),
        throttle: () => this.#throttle,
        ended: () => this.#sockets.delete(socket),
      });
      this.#sockets.add(socket);
      return socket;
    };
    // What a constructor gives instead of itself is what `new` gives.
    this.webSocket = class {
      constructor(url: string, subprotocol: string) {
        // biome-ignore lint/correctness/noConstructorReturn: a WebSocket of this network
        return open(url, subprotocol);
      }
    } as unknown as WebSocketConstructor;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Undefined for full speed. */
  get throttle(): Throttle | undefined {
    return this.#throttle;
  }

  /** Bytes that were sent over the newest connection and have not left; an earlier one can still be closing. */
  get buffered(): number {
    const newest = [...this.#sockets].at(-1);
    return newest?.bufferedAmount ?? 0;
  }

  /** Drops what stands and what is on its way. */
  drop(): void {
    for (const socket of [...this.#sockets]) {
      socket.drop();
    }
  }

  /** `drop`, and new attempts fail until it is mended. */
  cut(): void {
    this.#isCut = true;
    this.drop();
    this.changed.emit();
  }

  mend(): void {
    this.#isCut = false;
    this.changed.emit();
  }

  /** Also for what is on its way already. */
  slow(throttle: Throttle | undefined): void {
    this.#throttle = throttle;
    for (const socket of this.#sockets) {
      socket.adapt();
    }
    this.changed.emit();
  }
}

interface Terms {
  /** None on a network that is cut. */
  readonly real: WebSocket | undefined;
  throttle(): Throttle | undefined;
  ended(): void;
}

type Handler = ((event: Event) => void) | null;

/** As far as the client needs it, a WebSocket. */
class NetworkSocket extends EventTarget {
  onopen: Handler = null;
  onmessage: Handler = null;
  onclose: Handler = null;
  onerror: Handler = null;
  binaryType = "arraybuffer";
  readonly #real: WebSocket | undefined;
  readonly #in: Pipe;
  readonly #out: Pipe;
  readonly #ended: () => void;
  #opened = false;
  #over = false;

  constructor({ real, throttle, ended }: Terms) {
    super();
    this.#real = real;
    this.#in = new Pipe(throttle);
    this.#out = new Pipe(throttle);
    this.#ended = ended;
    if (!real) {
      // As an attempt that fails, it fails later.
      setTimeout(() => this.drop(), 0);
      return;
    }
    real.binaryType = "arraybuffer";
    real.onopen = () => this.#arrives(0, new Event("open"));
    real.onmessage = ({ data }) => {
      const size = data instanceof ArrayBuffer ? data.byteLength : String(data).length;
      this.#arrives(size, new MessageEvent("message", { data }));
    };
    real.onerror = () => this.#arrives(0, new Event("error"));
    real.onclose = ({ code, reason, wasClean }) =>
      this.#arrives(0, new CloseEvent("close", { code, reason, wasClean }));
  }

  get protocol(): string {
    return this.#real?.protocol ?? "";
  }

  /** Also what this network has not sent yet. */
  get bufferedAmount(): number {
    return this.#out.waiting + (this.#real?.bufferedAmount ?? 0);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.#out.isOpen) {
      this.#real?.send(data);
    } else {
      // The client takes its memory back.
      const copy = data.slice();
      this.#out.push(copy.length, () => this.#real?.send(copy));
    }
  }

  /** After what was sent before. */
  close(): void {
    this.#out.push(0, () => this.#real?.close());
  }

  /** Without a closing handshake, as far as the client can tell. */
  drop(): void {
    if (this.#over) {
      return;
    }
    const real = this.#real;
    if (real) {
      real.onopen = real.onmessage = real.onerror = real.onclose = null;
      real.close();
    }
    this.#in.clear();
    this.#out.clear();
    if (!this.#opened) {
      this.#tell(new Event("error"));
    }
    this.#tell(new CloseEvent("close", { code: 1006, wasClean: false }));
  }

  /** The network is another. */
  adapt(): void {
    this.#in.replan();
    this.#out.replan();
  }

  #arrives(bytes: number, event: Event): void {
    this.#in.push(bytes, () => this.#tell(event));
  }

  #tell(event: Event): void {
    this.dispatchEvent(event);
    switch (event.type) {
      case "open":
        this.#opened = true;
        this.onopen?.(event);
        break;
      case "message":
        this.onmessage?.(event);
        break;
      case "error":
        this.onerror?.(event);
        break;
      case "close":
        this.#over = true;
        this.#out.clear();
        this.#ended();
        this.onclose?.(event);
    }
  }
}
