import { connect } from "webmqtt";

const client = await connect(location.hash.slice(1));
performance.mark("connected");
await client.subscribe("home/+/temp", { qos: 1 }, (message) => {
  document.title = `${message.topic}: ${message.text()}`;
});
await client.publish("home/panel/state", "up", { qos: 1, retain: true });
