// Compiled only: what the types of the package are, to the letter, and what they refuse.
import {
  type Client,
  type ConnectionInfo,
  connect,
  createClient,
  type Message,
  MqttError,
  type MqttErrorCode,
  type PublishResult,
  type QoS,
  type State,
  type Stats,
  type Subscription,
  type UnsubscribeResult,
} from "webmqtt";
import { parseJson, read } from "webmqtt/payload";

/** Whether two types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only for `true`. */
function expect<_ extends true>(): void {}

declare const client: Client;
declare const subscription: Subscription;
declare const message: Message;
declare const error: MqttError;
const { signal } = new AbortController();

// What the calls give.
expect<Same<ReturnType<typeof connect>, Promise<Client>>>();
expect<Same<ReturnType<typeof createClient>, Promise<Client>>>();
expect<Same<ReturnType<Client["connect"]>, Promise<ConnectionInfo>>>();
expect<Same<ReturnType<Client["publish"]>, Promise<PublishResult>>>();
expect<Same<ReturnType<Client["respond"]>, Promise<PublishResult>>>();
expect<Same<ReturnType<Client["request"]>, Promise<Message>>>();
expect<Same<ReturnType<Client["subscribe"]>, Promise<Subscription>>>();
expect<Same<ReturnType<Client["unsubscribe"]>, Promise<UnsubscribeResult>>>();
expect<Same<ReturnType<Client["on"]>, () => void>>();
expect<Same<ReturnType<Client["stats"]>, Stats>>();
expect<Same<Client["state"], State>>();
expect<Same<Client["connection"], ConnectionInfo | undefined>>();
expect<Same<Subscription["qos"], QoS>>();
expect<Same<QoS, 0 | 1 | 2>>();
expect<Same<Message["payload"], Uint8Array<ArrayBuffer>>>();
expect<Same<typeof error.code, MqttErrorCode>>();
expect<Same<"aborted" extends MqttErrorCode ? true : false, true>>();
expect<Same<string extends MqttErrorCode ? true : false, false>>();

// Every call that waits takes a signal.
await connect("wss://broker.example", { signal });
await createClient("wss://broker.example", { signal });
await client.connect({ signal });
await client.publish("a", "b", { signal });
await client.respond(message, "b", { signal });
await client.request("a", "b", { signal });
await client.subscribe("a", { signal });
await client.unsubscribe("a", { signal });
await subscription.unsubscribe({ signal });
await client.ready({ signal });
await client.drain({ signal });
await client.reauthenticate({ signal });
await client.end({ signal });
await read(new Blob([]), { signal });
client.on("state", () => {}, { signal });

// Listeners and handlers know what they get.
client.on("state", (event) => expect<Same<typeof event.state, State>>());
client.on("connect", (info) => expect<Same<typeof info, ConnectionInfo>>());
client.on("error", (cause) => expect<Same<typeof cause, MqttError>>());
await client.subscribe("a", (got) => expect<Same<typeof got, Message>>());
for await (const got of subscription) expect<Same<typeof got, Message>>();

// Payloads.
await client.publish("a", new Uint8Array(1));
await client.publish("a", new ArrayBuffer(1));
await client.publish("a", new DataView(new ArrayBuffer(1)));
await client.publish("a", await read(new Response("b")));
expect<Same<ReturnType<typeof message.text>, string>>();
expect<Same<ReturnType<typeof message.stream>, ReadableStream<Uint8Array<ArrayBuffer>>>>();
const unknown = message.json();
expect<Same<typeof unknown, unknown>>();
const typed = message.json<{ at: number }>((key, value) => (key === "at" ? Number(value) : value));
expect<Same<typeof typed, { at: number }>>();
const exact = parseJson<bigint>("1");
expect<Same<typeof exact, bigint>>();

// @ts-expect-error An object is not turned into JSON by itself.
await client.publish("a", { at: 1 });
// @ts-expect-error A blob has to be read first.
await client.publish("a", new Blob([]));
// @ts-expect-error There is no such option.
await client.publish("a", "b", { dup: true });
// @ts-expect-error Nor such a number.
await client.subscribe("a", { retainHandling: 3 });
// @ts-expect-error `undefined` is no value for an option.
await connect("wss://broker.example", { clientId: undefined });
// @ts-expect-error There is no such event.
client.on("message", () => {});
// @ts-expect-error A message is not changed.
message.topic = "b";
// @ts-expect-error Nor the state from outside.
client.state = "closed";
// @ts-expect-error There is no such code.
console.log(error.code === "oops");
// @ts-expect-error A client is made with connect or createClient, by a URL.
await connect(1883);
throw new MqttError("aborted");
