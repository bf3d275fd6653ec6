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
import type { ConnectOptions, ServerUrl } from "./types.js";

/** Makes a client that is not connected yet. What is published and subscribed before `client.connect()` waits. */
export async function createClient(url: ServerUrl, options: ConnectOptions = {}): Promise<Client> {
  const checked = endpoint(url, options);
  await finished();
  return new Client(checked, options);
}

/** Makes a client and connects it. Rejects if the first attempt fails. */
export async function connect(url: ServerUrl, options: ConnectOptions = {}): Promise<Client> {
  const client = await createClient(url, options);
  try {
    await client.connect();
  } catch (error) {
    await client.end({ force: true });
    throw error;
  }
  return client;
}

export { Client, type ConnectChanges } from "./client.js";
export { isFilter, isTopic, load, matches, type WasmSource } from "./engine.js";
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
