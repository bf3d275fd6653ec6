/** Loads the WebAssembly module, once. It must not know where the module comes from; the entries say that. */

import init, { checkFilter, checkTopic, matches as engineMatches } from "../wasm/webmqtt.js";
import { MqttError } from "./errors.js";
import { isWellFormed } from "./text.js";

let loading: Promise<unknown> | undefined;
let loaded = false;

/** Where the module is, or the module itself. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/** Loads the module. The first call decides where from; a failed one can be tried again. */
export async function load(source: WasmSource): Promise<void> {
  loading ??= init({ module_or_path: source });
  return finished();
}

/** Waits for the module that somebody loads. */
export async function finished(): Promise<void> {
  if (loading === undefined) {
    throw new MqttError("wasm", { detail: "call load() first" });
  }
  try {
    await loading;
    loaded = true;
  } catch (cause) {
    loading = undefined;
    throw new MqttError("wasm", {
      cause,
      detail: cause instanceof Error ? cause.message : undefined,
    });
  }
}

function ready(): void {
  if (!loaded) {
    throw new MqttError("wasm", { detail: "call load() or createClient() first" });
  }
}

/** Whether a text can be published to. The module must be loaded. */
export function isTopic(topic: string): boolean {
  ready();
  return isWellFormed(topic) && checkTopic(topic) === undefined;
}

/** Whether a text can be subscribed to. The module must be loaded. */
export function isFilter(filter: string): boolean {
  ready();
  return isWellFormed(filter) && checkFilter(filter) === undefined;
}

/** Whether a filter matches a topic name. The module must be loaded. */
export function matches(filter: string, topic: string): boolean {
  ready();
  return isWellFormed(filter + topic) && engineMatches(filter, topic);
}
