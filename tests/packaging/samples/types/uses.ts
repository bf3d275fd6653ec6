// Compiled only, in each way in which TypeScript resolves modules.
import { type Client, connect, createClient, isTopic, load, MqttError, matches } from "webmqtt";
import * as base64 from "webmqtt/base64";
import { scramSha256 } from "webmqtt/scram";
import { signedUrl } from "webmqtt/sigv4";
import * as slim from "webmqtt/slim";

const url = "wss://broker.example/mqtt";
export const client: Client = await createClient(url, { clientId: "panel-7", clean: false });
export const same: Client = await slim.connect(url);
export const other: base64.Client = await base64.connect(url);
await connect(url, { auth: scramSha256({ username: "ann", password: "secret" }) });
await connect(url, { webSocket: WebSocket });
await connect(async () => url, { servers: [url, () => new URL(url)] });
const credentials = { accessKeyId: "a", secretAccessKey: "b" };
await connect(signedUrl({ endpoint: "a.iot.eu-west-1.amazonaws.com", credentials }));
await load();
await slim.load(new Uint8Array(8));
const topics: boolean[] = [isTopic("a"), matches("a/#", "a/b")];
console.log(topics.length);

const published = await client.publish("a", "b", { qos: 1 });
const reason: number | undefined = published.reasonCode;
const subscription = await client.subscribe("a/#");
for await (const message of subscription) {
  const text: string = message.text();
  console.log(reason, text);
}

try {
  await client.end();
} catch (error) {
  if (error instanceof MqttError && error.code === "aborted") {
    console.log(error.remediation);
  }
}

// @ts-expect-error There are three of them.
await client.publish("a", "b", { qos: 3 });
// @ts-expect-error A typo is seen.
await connect(url, { cleanSession: true });
// @ts-expect-error It does not know where the module is.
await slim.load();
