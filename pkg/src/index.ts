/**
 * webmqtt: MQTT 3.1.1 and 5.0 for web pages.
 *
 * ```ts
 * import { connect } from "webmqtt";
 *
 * const client = await connect("wss://broker.example:8084/mqtt");
 * await client.subscribe("home/+/temp", (message) => console.log(message.topic, message.text()));
 * await client.publish("home/kitchen/temp", "21.5", { qos: 1 });
 * ```
 *
 * It is `webmqtt/slim`, and fetches its WebAssembly module from beside the script.
 */

import type { Client, ConnectOptions, ServerUrl, WasmSource } from "./slim.js";
import * as slim from "./slim.js";

export * from "./slim.js";

/**
 * Loads the module: from somewhere else if you call it before the other functions, which load it by themselves. The
 * first call decides where from; a failed one can be tried again. Default: `webmqtt_bg.wasm` next to the script.
 */
export function load(source?: WasmSource): Promise<void> {
  // Bundlers know this form, as long as it stays together.
  return slim.load(source ?? new URL("./webmqtt_bg.wasm", import.meta.url));
}

/**
 * Loads the module that clients with `store` have instead of the usual one; they do it by themselves. As `load`. Default:
 * `webmqtt_store_bg.wasm` next to the script.
 */
export function loadStore(source?: WasmSource): Promise<void> {
  return slim.loadStore(source ?? new URL("./webmqtt_store_bg.wasm", import.meta.url));
}

/** What is called next waits for it, and tells of a failure. */
function begin(options: ConnectOptions | undefined): void {
  (options?.store ? loadStore() : load()).catch(() => {});
}

/** Makes a client that is not connected yet. What is published and subscribed before `client.connect()` waits. */
export async function createClient(url: ServerUrl, options?: ConnectOptions): Promise<Client> {
  begin(options);
  return slim.createClient(url, options);
}

/** Makes a client and connects it. Rejects if the first attempt fails. */
export async function connect(url: ServerUrl, options?: ConnectOptions): Promise<Client> {
  begin(options);
  return slim.connect(url, options);
}
