/**
 * webmqtt in one file, with the WebAssembly module inside: nothing has to be fetched. The module is a third larger as
 * text, and is compiled only when the script is there. Only clients with `store` need another module: call `loadStore`.
 *
 * ```ts
 * import { connect } from "webmqtt/base64";
 * ```
 */

import text from "../wasm/webmqtt_bg.wasm";
import type { Client, ConnectOptions, ServerUrl, WasmSource } from "./slim.js";
import * as slim from "./slim.js";

export * from "./slim.js";

/** Loads the module, by default the one in this file. The other functions do it by themselves. */
export function load(source?: WasmSource): Promise<void> {
  return slim.load(source ?? Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)));
}

/** Makes a client that is not connected yet. What is published and subscribed before `client.connect()` waits. */
export async function createClient(url: ServerUrl, options?: ConnectOptions): Promise<Client> {
  await load();
  return slim.createClient(url, options);
}

/** Makes a client and connects it. Rejects if the first attempt fails. */
export async function connect(url: ServerUrl, options?: ConnectOptions): Promise<Client> {
  await load();
  return slim.connect(url, options);
}
