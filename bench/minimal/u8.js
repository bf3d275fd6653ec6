import mqtt from "u8-mqtt/esm/web/v4.js";

const client = mqtt({ log_conn() {} });
client.with_websock(location.hash.slice(1));
await client.connect();
performance.mark("connected");
client.subscribe_topic("home/+/temp", { qos: 1 }, (message) => {
  document.title = `${message.topic}: ${message.utf8()}`;
});
await client.store("home/panel/state", "up");
