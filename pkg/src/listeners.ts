/** Who listens to what a client tells, and how a listener that throws is kept from the others. */

import { MqttError } from "./errors.js";
import type { EventMap } from "./types.js";

export class Listeners {
  readonly #all: { [K in keyof EventMap]: Set<(event: EventMap[K]) => void> } = {
    state: new Set(),
    connect: new Set(),
    error: new Set(),
    slow: new Set(),
  };
  /** Each removes one listener, and lets go of its signal. */
  readonly #removers = new Set<() => void>();
  #ended = false;

  /** Gives a function that removes the listener. */
  add<K extends keyof EventMap>(
    name: K,
    listener: (event: EventMap[K]) => void,
    signal: AbortSignal | undefined,
  ): () => void {
    const listeners = this.#all[name];
    if (!listeners) {
      throw new MqttError("option-invalid", { detail: `there is no event ${name}` });
    }
    const remove = () => {
      listeners.delete(listener);
      this.#removers.delete(remove);
      signal?.removeEventListener("abort", remove);
    };
    if (!signal?.aborted && !this.#ended) {
      listeners.add(listener);
      this.#removers.add(remove);
      signal?.addEventListener("abort", remove, { once: true });
    }
    return remove;
  }

  tell<K extends keyof EventMap>(name: K, event: EventMap[K]): void {
    for (const listener of [...this.#all[name]]) {
      guarded(() => listener(event));
    }
  }

  /** Nothing is told any more. */
  end(): void {
    this.#ended = true;
    for (const remove of this.#removers) {
      remove();
    }
  }
}

/** User code that throws must not stop the others; the page's own error handling hears of it. */
export function guarded(call: () => void): void {
  try {
    call();
  } catch (thrown) {
    if (typeof reportError === "function") {
      reportError(thrown);
    } else {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
