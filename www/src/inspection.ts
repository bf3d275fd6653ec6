/** The packets of a connection: the last ones are kept for as long as somebody looks, and the first of each connection always. */

import type { WebSocketConstructor } from "webmqtt";
import type { Inspector, SessionState, TraceEvent } from "webmqtt/inspect";
import { Ring } from "./ring.js";
import { Signal } from "./signal.js";

/** Events that are kept. */
const KEPT = 500;
/** Events of a new connection that are kept though nobody looks: how it began is what most questions are about. */
const BEGINNING = 40;
/** Bytes of a packet that are kept. */
const BYTES = 4_096;

export class Inspection {
  readonly events = new Ring<TraceEvent>(KEPT);
  readonly changed = new Signal<void>();
  /** Of the client that was made last; is loaded with the first. */
  #inspector: Inspector | undefined;
  #stop: (() => void) | undefined;
  #watched = false;
  #left = BEGINNING;

  /** For a new client, whose session is followed anew; what goes over it is seen from its beginning. */
  async over(webSocket: WebSocketConstructor): Promise<WebSocketConstructor> {
    const { Inspector } = await import("webmqtt/inspect");
    this.#end();
    this.#inspector = new Inspector({ limit: BYTES, session: true, webSocket });
    this.#left = BEGINNING;
    this.#begin();
    return this.#inspector.webSocket;
  }

  /** What the packets have told of the session. */
  get session(): SessionState | undefined {
    return this.#inspector?.session();
  }

  get watched(): boolean {
    return this.#watched;
  }

  /** Whether somebody looks; taking packets apart is not for nothing. */
  watch(watched: boolean): void {
    this.#watched = watched;
    if (watched) {
      this.#begin();
    } else {
      this.#end();
    }
  }

  clear(): void {
    this.events.clear();
    this.changed.emit();
  }

  #begin(): void {
    this.#stop ??= this.#inspector?.trace((event) => this.#take(event));
  }

  #end(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #take(event: TraceEvent): void {
    this.events.push(event);
    this.changed.emit();
    this.#left -= 1;
    if (!this.#watched && this.#left <= 0) {
      this.#end();
    }
  }
}
