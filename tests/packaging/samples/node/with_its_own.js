import { connect } from "webmqtt";

const client = await connect(process.argv[2]);
const readings = await client.subscribe("samples/node", { qos: 1 });
await client.publish("samples/node", "through", { qos: 1 });
for await (const message of readings) {
  console.log(message.text());
  break;
}
await client.end();
