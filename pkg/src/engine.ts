/**
 * Loads the WebAssembly modules, each once: the usual one, and the one that can also keep sessions in a store. It must
 * not know where they come from; the entries say that.
 */

import init, {
  Engine as UsualEngine,
  checkFilter as usualCheckFilter,
  checkTopic as usualCheckTopic,
  matches as usualMatches,
} from "../wasm/webmqtt.js";
import type * as whole from "../wasm/webmqtt_store.js";
import { MqttError } from "./errors.js";
import { isWellFormed } from "./text.js";

/** Where a module is, or the module itself. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/** What a module offers. Only that with a store has the engine's methods for it. @internal */
export type Module = Pick<typeof whole, "Engine" | "checkFilter" | "checkTopic" | "matches">;

/** One client's machine. @internal */
export type Engine = whole.Engine;

type Name = "load" | "loadStore";

const loading: { [name in Name]?: Promise<Module> | undefined } = {};
/** Any of them. */
let loaded: Module | undefined;

/** Loads the module. The first call decides where from; a failed one can be tried again. */
export async function load(source: WasmSource): Promise<void> {
  loading.load ??= init({ module_or_path: source }).then(() => {
    return {
      Engine: UsualEngine,
      checkFilter: usualCheckFilter,
      checkTopic: usualCheckTopic,
      matches: usualMatches,
    } as Module;
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

function ready(): Module {
  if (!loaded) {
    throw new MqttError("wasm", { detail: "call load() or createClient() first" });
  }
  return loaded;
}

/** Whether a text can be published to. The module must be loaded. */
export function isTopic(topic: string): boolean {
  const { checkTopic } = ready();
  return isWellFormed(topic) && checkTopic(topic) === undefined;
}

/** Whether a text can be subscribed to. The module must be loaded. */
export function isFilter(filter: string): boolean {
  const { checkFilter } = ready();
  return isWellFormed(filter) && checkFilter(filter) === undefined;
}

/** Whether a filter matches a topic name. The module must be loaded. */
export function matches(filter: string, topic: string): boolean {
  const { matches } = ready();
  return isWellFormed(filter + topic) && matches(filter, topic);
}
