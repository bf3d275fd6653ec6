// Compiled only: where TypeScript knows `await using`, the end of a block ends what was declared in it.
import { connect } from "webmqtt";

{
  await using client = await connect("wss://broker.example/mqtt");
  await using readings = await client.subscribe("a/#");
  console.log(readings.qos);
}

const client: AsyncDisposable = await connect("wss://broker.example/mqtt");
const ended: PromiseLike<void> = client[Symbol.asyncDispose]();
await ended;
