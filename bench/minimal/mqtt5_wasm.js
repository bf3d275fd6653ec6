import init, { MqttClient, PublishOptions, SubscribeOptions } from "mqtt5-wasm";

await init();
const client = new MqttClient(`panel-${Math.random()}`);
await client.connect(location.hash.slice(1));
performance.mark("connected");
const wanted = new SubscribeOptions();
wanted.qos = 1;
const show = (topic, payload) => {
  document.title = `${topic}: ${new TextDecoder().decode(payload)}`;
};
await client.subscribeWithOptions("home/+/temp", show, wanted);
const options = new PublishOptions();
options.qos = 1;
options.retain = true;
await client.publishWithOptions("home/panel/state", new TextEncoder().encode("up"), options);
