/**
 * webmqtt without an idea where its WebAssembly module is: you say it, once.
 *
 * ```ts
 * import { connect, load } from "webmqtt/slim";
 *
 * await load("/assets/webmqtt_bg.wasm");
 * const client = await connect("wss://broker.example:8084/mqtt");
 * ```
 */

import { Client } from "./client.js";
import { endpoint } from "./endpoint.js";
import { finished } from "./engine.js";
import { MqttError } from "./errors.js";
import { outlives } from "./options.js";
import type { ConnectOptions, ServerUrl } from "./types.js";
import { stoppable } from "./waiting.js";

/** Makes a client that is not connected yet. What is published and subscribed before `client.connect()` waits. */
export async function createClient(url: ServerUrl, options: ConnectOptions = {}): Promise<Client> {
  return (await made(url, options)).client;
}

async function made(url: ServerUrl, options: ConnectOptions) {
  const checked = endpoint(url, options);
  const name = options.store ? "loadStore" : "load";
  const module = await stoppable(options.signal, () => finished(name));
  const alone = options.store || (options.exclusive && options.clientId !== undefined);
  const held = alone
    ? await (await import("./held.js")).hold(checked.url, options, outlives(options), MqttError)
    : undefined;
  try {
    return { client: Client.made(module, checked, options, held), held };
  } catch (error) {
    held?.close();
    throw error;
  }
}

/** Makes a client and connects it. Rejects if the first attempt fails. */
export async function connect(url: ServerUrl, options: ConnectOptions = {}): Promise<Client> {
  const { client, held } = await made(url, options);
  try {
    await client.connect();
  } catch (error) {
    // What is in the store is for the next one, and does not end with this one.
    held?.close();
    await client.end({ force: true });
    throw error;
  }
  return client;
}

export { Client } from "./client.js";
export { isFilter, isTopic, load, loadStore, matches, type WasmSource } from "./engine.js";
export {
  type BrokerWords,
  type CloseDetails,
  type ErrorDetails,
  MqttError,
  type MqttErrorCode,
} from "./errors.js";
export { Message, type MessageProperties } from "./message.js";
export { Subscription } from "./subscription.js";
export type * from "./types.js";
