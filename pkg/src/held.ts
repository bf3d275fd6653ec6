/**
 * What a client keeps to itself while it lives: its client id among tabs, and its session's store. Loaded only by clients
 * that ask for it, so it shares no code with them; they give it the class of their errors.
 */

import type { Server } from "./endpoint.js";
import { Command, type Engine } from "./engine.js";
import type { MqttError } from "./errors.js";
import { type Claim, claim, locks } from "./lock.js";
import type { EngineOptions } from "./options.js";
import { openStore, type Store } from "./store.js";
import type { ConnectOptions, PublishResult, QoS, RestoredPublish } from "./types.js";
import type { Waiter, Waiters } from "./waiting.js";

type OpenPublish = [token: number, topic: string | undefined, qos: QoS, sent: boolean];

/** Why a session cannot go on that was in the store, which is empty now. */
const NOT_RESTORED: Readonly<Record<string, string>> = {
  damaged: "the stored session is damaged",
  format: "the stored session has the format of another release",
  version: "the stored session has another protocol version",
  clientId: "the stored session has another client id",
};

/** What of a client it works with. @internal */
export interface Holder {
  engine(): Engine | undefined;
  publishes: Waiters<Waiter<PublishResult>>;
}

/** What goes wrong with the store leaves the client in memory. @internal */
export class Held {
  readonly #clientId: string | undefined;
  readonly #release: () => void;
  readonly #Error: typeof MqttError;
  #store: Store | undefined;
  /** What went wrong before anybody could listen. */
  #early: MqttError[] = [];
  #failure: unknown;

  constructor({ clientId, release }: Claim, Failure: typeof MqttError) {
    this.#clientId = clientId;
    this.#release = release;
    this.#Error = Failure;
  }

  /** For the engine, beside what the application gave. */
  get options(): Pick<EngineOptions, "clientId" | "durable" | "records"> {
    const clientId = this.#clientId;
    return { ...(clientId !== undefined && { clientId }), ...this.#store?.options };
  }

  async open(claimed: Claim, strict: boolean): Promise<void> {
    try {
      this.#store = await openStore(claimed, strict);
    } catch (cause) {
      this.#failure = cause;
      this.#early.push(this.error());
    }
  }

  /** What the engine tells the store: key and value in turn. */
  write(ops: readonly unknown[]): void {
    this.#store?.write(ops);
  }

  /** The store and the engine work together from now on. Gives what came out of the store. */
  attach({ engine, publishes }: Holder): RestoredPublish[] {
    const store = this.#store;
    const from = engine();
    if (!store || !from) {
      return [];
    }
    store.onstored = (ops) => void engine()?.run(Command.Stored, ops, 0, new Uint8Array());
    store.onfailed = (cause) => {
      this.#failure = cause;
      engine()?.run(Command.StoreFailed, 0, 0, new Uint8Array());
    };
    const some = from.damaged && `${from.damaged} of the stored records are damaged`;
    const detail = NOT_RESTORED[from.outcome ?? ""] || some;
    if (detail) {
      this.#early.push(new this.#Error("store", { detail }));
    }
    const open: unknown[] = from.openPublishes();
    return Array.from({ length: open.length / 4 }, (_, index) => {
      const [token, topic, qos, sent] = open.slice(index * 4) as OpenPublish;
      const result = new Promise<PublishResult>((resolve, reject) => {
        publishes.set(token, { resolve, reject });
      });
      // Whoever is interested has a promise of their own of it.
      result.catch(() => {});
      return { ...(topic !== undefined && { topic }), qos, sent, result };
    });
  }

  /** What went wrong with the store last. */
  error(): MqttError {
    const cause = this.#failure;
    const { name, message } = (cause ?? {}) as Partial<Error>;
    return new this.#Error("store", {
      cause,
      detail: [name, message?.replace(/\.$/, "")].filter(Boolean).join(": ") || undefined,
    });
  }

  /** The first one who listens hears what went wrong before, but not from within this call. */
  listening(emit: (error: MqttError) => void): void {
    queueMicrotask(() => this.#early.splice(0).forEach(emit));
  }

  /** The store is closed when everything is written. */
  close(): void {
    if (this.#store) {
      this.#store.close();
    } else {
      this.#release();
    }
  }
}

function check(options: ConnectOptions, keepsSession: boolean): string | undefined {
  const { store, durability, exclusive, fallback } = options;
  if (exclusive !== undefined && typeof exclusive !== "boolean" && exclusive !== "wait") {
    return "exclusive must be true, false or wait";
  }
  if (exclusive && !locks()) {
    return "exclusive needs Web Locks, which browsers have on https: pages and on localhost";
  }
  if (store === undefined) {
    return undefined;
  }
  if (store !== "indexeddb") {
    return "store must be indexeddb";
  }
  if (durability !== undefined && durability !== "relaxed" && durability !== "strict") {
    return "durability must be relaxed or strict";
  }
  if (!keepsSession) {
    return "a session in a store has clean: false or, with version 5, a sessionExpiry";
  }
  if (exclusive === false) {
    return "a store is for one tab at a time";
  }
  return fallback ? "a session in a store has one version" : undefined;
}

/** Waits until the client id is this client's, and opens its store. @internal */
export async function hold(
  url: Server,
  options: ConnectOptions,
  keepsSession: boolean,
  Failure: typeof MqttError,
): Promise<Held> {
  const { clientId, durability, exclusive, signal, store } = options;
  const detail = check(options, keepsSession);
  if (detail) {
    throw new Failure("option-invalid", { detail });
  }
  // One that is asked for has no name before.
  const broker = typeof url === "string" ? url.replace(/\?.*/, "") : "";
  const claimed = await claim({ broker, clientId, wait: exclusive === "wait", signal });
  if (!claimed) {
    throw new Failure(signal?.aborted ? "aborted" : "client-id-in-use");
  }
  const held = new Held(claimed, Failure);
  if (store) {
    await held.open(claimed, durability === "strict");
  }
  return held;
}
