/**
 * Loads the WebAssembly modules, each once: the usual one, and the one that can also keep sessions in a store. It must
 * not know where they come from; the entries say that.
 */

import init, { Engine as UsualEngine, check as usualCheck } from "../wasm/webmqtt.js";
import type * as whole from "../wasm/webmqtt_store.js";
import { MqttError } from "./errors.js";
import { isWellFormed } from "./text.js";

/** Where a module is, or the module itself. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/** What a module offers. Only that with a store has the engine's methods for it. @internal */
export type Module = Pick<typeof whole, "Engine" | "check">;

/** One client's machine. @internal */
export type Engine = whole.Engine;

/**
 * What an engine can be told to `run`, with a number, another one and bytes, each 0 or empty if nothing is said of it.
 * `command` in `src/js/mod.rs` has the same numbers.
 *
 * @internal
 */
export enum Command {
  /** Connects, or tries again at once. */
  Connect = 0,
  /** Gives up connecting. */
  Stop = 1,
  /** Changes the milliseconds (number) until the next attempt. */
  RetryAfter = 2,
  /** Replaces the credentials (packed) for the attempts to come. */
  SetCredentials = 3,
  /** Answers a question for credentials (packed, with data for the authentication). */
  Prepared = 4,
  /** There is no answer to it. */
  PreparationFailed = 5,
  /** Answers a step of the authentication (packed). */
  Authenticate = 6,
  /** There is no answer to it. */
  AuthenticationFailed = 7,
  /** Begins an authentication (packed). Gives a token. */
  Reauthenticate = 8,
  /** Packed: properties, and for each filter its option byte of MQTT 5 and itself. Gives a token. */
  Subscribe = 9,
  /** Ends a subscription (number: its key), with properties (packed). Gives a token. */
  Unsubscribe = 10,
  /** Acknowledges a message (number: its token, other: reason code). */
  Ack = 11,
  /** Stops waiting for a publish (number: its token). */
  Cancel = 12,
  /** Gives a publish or a subscribe (number: its token) so many milliseconds (other). */
  GiveTime = 13,
  /** The page woke up, perhaps on another network (other). */
  Wake = 14,
  /** The page is put away. */
  Suspend = 15,
  /** Ends the client, without DISCONNECT if number is 1, with a reason code (other) and properties (packed). */
  End = 16,
  /** The server whose turn it is has another URL (packed). */
  GoTo = 17,
  /** Gives whether little waits to be sent. */
  Writable = 18,
  /** Gives the key of the last subscription that was made. */
  LastKey = 19,
  /** So many operations (number) with the store are durable, counted from the beginning. */
  Stored = 20,
  /** The store has failed for good. */
  StoreFailed = 21,
}

/**
 * What an engine is told of its page, some of it with a number. `happened` in `src/js/mod.rs` has the same
 * numbers.
 *
 * @internal
 */
export enum Happening {
  /** The timer that was set last is due. */
  Timer = 0,
  /** The microtask that was queued. */
  Microtask = 1,
  /** The page runs again, or somebody looks at it again. */
  Running = 2,
  /** The network is back. */
  Network = 3,
  /** The page goes into the back/forward cache. */
  PutAway = 4,
  /** So many bytes have come. */
  Bytes = 5,
  /** A text message has come. */
  Text = 6,
}

/** What a command has that comes without bytes. @internal */
export const NOTHING: Uint8Array = new Uint8Array();

type Name = "load" | "loadStore";

const loading: { [name in Name]?: Promise<Module> | undefined } = {};
/** Any of them. */
let loaded: Module | undefined;

/** Loads the module. The first call decides where from; a failed one can be tried again. */
export async function load(source: WasmSource): Promise<void> {
  loading.load ??= init({ module_or_path: source }).then(() => {
    return { Engine: UsualEngine, check: usualCheck } as Module;
  });
  await finished("load");
}

/**
 * Loads the module that clients with `store` have instead of the usual one. The first call decides where from; a failed
 * one can be tried again.
 */
export async function loadStore(source: WasmSource): Promise<void> {
  loading.loadStore ??= import("./store_module.js").then((store) => store.loadModule(source));
  await finished("loadStore");
}

/** Waits for the module that somebody loads. @internal */
export async function finished(name: Name): Promise<Module> {
  try {
    const module = await loading[name];
    if (module) {
      loaded = module;
      return module;
    }
  } catch (cause) {
    loading[name] = undefined;
    throw new MqttError("wasm", {
      cause,
      detail: cause instanceof Error ? cause.message : undefined,
    });
  }
  throw new MqttError("wasm", { detail: `call ${name}() first` });
}

/** Bits: whether a filter is valid (1), whether a topic name is (2), whether they match (4). */
function check(filter: string, topic: string): number {
  if (!loaded) {
    throw new MqttError("wasm", { detail: "call load() or createClient() first" });
  }
  return isWellFormed(filter + topic) ? loaded.check(filter, topic) : 0;
}

/** Whether a text can be published to. The module must be loaded. */
export function isTopic(topic: string): boolean {
  return (check("", topic) & 2) !== 0;
}

/** Whether a text can be subscribed to. The module must be loaded. */
export function isFilter(filter: string): boolean {
  return (check(filter, "") & 1) !== 0;
}

/** Whether a filter matches a topic name. The module must be loaded. */
export function matches(filter: string, topic: string): boolean {
  return check(filter, topic) > 3;
}
