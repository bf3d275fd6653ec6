import { connect, type Message } from "webmqtt";

function show(message: Message): void {
  document.title = message.text();
}

const client = await connect(new URLSearchParams(location.search).get("broker") ?? "");
const topic = `samples/${client.clientId}`;
await client.subscribe(topic, { qos: 1 }, show);
await client.publish(topic, "through", { qos: 1 });
