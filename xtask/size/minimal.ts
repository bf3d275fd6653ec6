// The smallest application that does the main job. What it weighs is what the package costs a page.
import { connect } from "webmqtt";

const client = await connect("wss://broker.example/mqtt");
await client.subscribe("home/+/temp", { qos: 1 }, (message) => {
  document.title = `${message.topic}: ${message.text()}`;
});
await client.publish("home/panel/state", "up", { qos: 1, retain: true });
