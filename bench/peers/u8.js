// @ts-check
// u8-mqtt, the entry for MQTT 3.1.1.

import mqtt from "u8-mqtt/esm/web/v4.js";
import { tasksOf } from "../page/tasks.js";

export const tasks = tasksOf(async (url) => {
  const client = mqtt({ log_conn() {} });
  client.with_websock(url);
  await client.connect();
  return {
    subscribe: (filter, qos, handler) =>
      client
        .subscribe_topic(filter, { qos }, (/** @type {any} */ { topic, payload }) =>
          handler(topic, payload),
        )
        .subs_settled(),
    publish: (topic, payload, qos) => {
      // It sends a PUBLISH with QoS 2 and goes no further.
      if (qos === 2) throw new Error("has no QoS 2");
      return client.pub({ topic, payload, qos });
    },
    end: () => client.disconnect(),
  };
});
