/** What waits for the engine's answer: promises by token. What the answer means is not known here. */

import { MqttError } from "./errors.js";
import type { Subscription } from "./subscription.js";
import type { UnsubscribeResult } from "./types.js";

/** The two ends of a promise. */
export interface Waiter<T> {
  resolve(value: T): void;
  reject(error: MqttError): void;
}

/** A `subscribe` call. */
export interface PendingSubscribe extends Waiter<Subscription> {
  subscription: Subscription;
  key: number;
}

/** An `unsubscribe` call. */
export interface PendingUnsubscribe extends Waiter<UnsubscribeResult> {
  filters: readonly string[];
}

/** Who waits, by token. A map with a place for each would take twice the time: tokens mostly come in order. */
export class Waiters<W> {
  /** Those of 64 tokens, one after the other: of all where somebody waits, and of the last token. */
  readonly #pages: { [number: number]: (W | undefined)[] } = {};
  #number = -1;
  #page: (W | undefined)[] = [];
  #open = 0;
  #drained: (() => void)[] = [];

  set(token: number, waiter: W): void {
    this.#turnTo(token)[token & 63] = waiter;
    this.#open += 1;
  }

  /** Takes out who waits under this token. */
  take(token: number): W | undefined {
    const page = this.#turnTo(token);
    const waiter = page[token & 63];
    if (waiter) {
      page[token & 63] = undefined;
      this.#open -= 1;
      if (this.#open === 0) {
        for (const resolve of this.#drained.splice(0)) {
          resolve();
        }
      }
    }
    return waiter;
  }

  /** Resolves when nobody waits. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#open === 0) {
        resolve();
      } else {
        this.#drained.push(resolve);
      }
    });
  }

  #turnTo(token: number): (W | undefined)[] {
    const number = token >>> 6;
    if (this.#number !== number) {
      if (!this.#page.some(Boolean)) {
        delete this.#pages[this.#number];
      }
      this.#number = number;
      this.#pages[number] ??= [];
      this.#page = this.#pages[number];
    }
    return this.#page;
  }
}

/** Throws if it is too late to begin. */
export function notAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new MqttError("aborted", { cause: signal.reason });
  }
}

/** Waits for the work until the signal is aborted; the work goes on. Does not begin if it is aborted already. */
export async function stoppable<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  notAborted(signal);
  return new Promise((resolve, reject) => {
    const stop = () => waiter.reject(new MqttError("aborted"));
    const waiter = abortable({ resolve, reject }, signal, stop);
    work().then(waiter.resolve, waiter.reject);
  });
}

/** Calls `abort` if the signal is aborted before the operation is settled, and lets go of the signal then. */
export function abortable<T>(
  waiter: Waiter<T>,
  signal: AbortSignal | undefined,
  abort: () => void,
): Waiter<T> {
  if (!signal) {
    return waiter;
  }
  signal.addEventListener("abort", abort, { once: true });
  const forget = () => signal.removeEventListener("abort", abort);
  return {
    resolve: (value) => {
      forget();
      waiter.resolve(value);
    },
    reject: (error) => {
      forget();
      waiter.reject(
        error.code === "aborted" && signal.aborted
          ? new MqttError("aborted", { cause: signal.reason })
          : error,
      );
    },
  };
}
