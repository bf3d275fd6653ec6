// @ts-check
// mqtt5-wasm, built from its crate.

import init, { ConnectOptions, MqttClient, PublishOptions, SubscribeOptions } from "mqtt5-wasm";
import { tasksOf } from "../page/tasks.js";

const loaded = init();

export const tasks = tasksOf(async (url) => {
  await loaded;
  const client = new MqttClient(`mqtt5-wasm-${Math.random()}`);
  const options = new ConnectOptions();
  options.protocolVersion = 4;
  await client.connectWithOptions(url, options);
  const byQos = [0, 1, 2].map((qos) => {
    const made = new PublishOptions();
    made.qos = qos;
    return made;
  });
  return {
    subscribe: (filter, qos, handler) => {
      const wanted = new SubscribeOptions();
      wanted.qos = qos;
      return client.subscribeWithOptions(filter, handler, wanted);
    },
    publish: (topic, payload, qos) =>
      qos === 0
        ? client.publish(topic, payload)
        : client.publishWithOptions(topic, payload, byQos[qos]),
    end: () => client.disconnect(),
  };
});
