import { connect } from "webmqtt";
import { WebSocket } from "ws";

// Nobody listens there, which is a rejection and no uncaught error.
const nowhere = connect("ws://127.0.0.1:1", { webSocket: WebSocket, reconnect: false });
await nowhere.catch((error) => console.log(error.code));

const client = await connect(process.argv[2], { webSocket: WebSocket });
const readings = await client.subscribe("samples/node", { qos: 1 });
await client.publish("samples/node", "through", { qos: 1 });
for await (const message of readings) {
  console.log(message.text());
  break;
}
await client.end();
