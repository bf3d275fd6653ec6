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

/** Takes out who waits under this token. */
export function take<W>(waiters: Map<number, W>, token: number): W | undefined {
  const waiter = waiters.get(token);
  waiters.delete(token);
  return waiter;
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

/** Resolves when all that wait now are settled, however it ends. They hear of it first. */
export async function settled<T>(waiters: Map<number, Waiter<T>>): Promise<void> {
  const open = [...waiters].map(
    ([token, waiter]) =>
      new Promise<void>((resolve) => {
        waiters.set(token, {
          resolve: (result) => {
            waiter.resolve(result);
            resolve();
          },
          reject: (error) => {
            waiter.reject(error);
            resolve();
          },
        });
      }),
  );
  await Promise.all(open);
}
