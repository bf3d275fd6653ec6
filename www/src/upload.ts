/** How far a large message has got on its way out of the browser, and the way to give it up. No document here. */

import type { Link } from "./link.js";
import type { Network } from "./network.js";

/** Milliseconds between two looks: browsers do not tell when their buffer drains. */
const LOOK = 100;

export class Upload {
  readonly #link: Link;
  readonly #network: Network;
  readonly #changed: () => void;
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #unlisten: () => void;
  readonly size: number;
  /** What the client will have handed to the browser when this message is among it. */
  #mark: number;
  #hasLeft = false;
  #sent = 0;
  #waiting: (() => void)[] = [];

  /** Make it just before the message is published. `size` in bytes; `changed` is called when `sent` is another. */
  constructor(link: Link, network: Network, size: number, changed: () => void) {
    this.#link = link;
    this.#network = network;
    this.size = size;
    this.#changed = changed;
    const { bytesOut = 0, queuedBytes = 0 } = link.stats ?? {};
    this.#mark = bytesOut + queuedBytes + size;
    this.#timer = setInterval(() => this.#look(), LOOK);
    this.#unlisten = link.status.listen(({ state }) => {
      if (state === "connected") {
        return;
      }
      // What was on the way is lost; with QoS 1 and 2 it is sent again, before anything else.
      if (this.#hasLeft) {
        this.#mark = (link.stats?.bytesOut ?? 0) + size;
        this.#hasLeft = false;
        this.#tell(0);
      }
      this.#release();
    });
  }

  /** For the publish. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Bytes that have left the browser. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether the browser has it: then it cannot be taken back. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  cancel(): void {
    this.#look();
    this.#abort.abort();
    this.#release();
  }

  /** The browser has it, as the client says; resolves to whether all of it has left, which it never will after a loss. */
  async drained(): Promise<boolean> {
    this.#hasLeft ||= this.#link.connected;
    this.#look();
    if (this.#sent < this.size && this.#link.connected && !this.signal.aborted) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#sent >= this.size;
  }

  /** It is over: nobody looks any more. */
  end(): void {
    clearInterval(this.#timer);
    this.#unlisten();
    this.#release();
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
    }
  }

  #look(): void {
    this.#hasLeft ||= (this.#link.stats?.bytesOut ?? 0) >= this.#mark;
    // What comes after it stands behind it in the buffer.
    const rest = this.#hasLeft ? Math.min(this.#network.buffered, this.size) : this.size;
    this.#tell(Math.max(this.#sent, this.size - rest));
    if (this.#sent >= this.size) {
      this.#release();
    }
  }

  #tell(sent: number): void {
    if (sent !== this.#sent) {
      this.#sent = sent;
      this.#changed();
    }
  }
}
