/** The engine that can keep its session in a store. Loaded only by clients that ask for it. */

import init, { check, Engine } from "../wasm/webmqtt_store.js";
import type { Module, WasmSource } from "./engine.js";

/** Loads the module once. @internal */
export async function loadModule(source: WasmSource): Promise<Module> {
  await init({ module_or_path: source });
  return { Engine, check };
}
