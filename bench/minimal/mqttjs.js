import mqtt from "mqtt";

const client = await mqtt.connectAsync(location.hash.slice(1));
performance.mark("connected");
client.on("message", (topic, payload) => {
  document.title = `${topic}: ${payload}`;
});
await client.subscribeAsync("home/+/temp", { qos: 1 });
await client.publishAsync("home/panel/state", "up", { qos: 1, retain: true });
