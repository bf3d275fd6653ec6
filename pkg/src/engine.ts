/** Loads the WebAssembly module, once. Importing this file loads nothing yet. */

import init, {
  checkFilter,
  checkTopic,
  Engine,
  matches as engineMatches,
} from "../wasm/webmqtt.js";
import { MqttError } from "./errors.js";
import { isWellFormed } from "./text.js";

export { Engine };

let loading: Promise<unknown> | undefined;
let loaded = false;

/** Where the module is, or the module itself. Default: `webmqtt_bg.wasm` next to the script. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/** Loads the module. The first call decides where from; a failed one can be tried again. */
export async function load(source?: WasmSource): Promise<void> {
  loading ??= source === undefined ? init() : init({ module_or_path: source });
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
