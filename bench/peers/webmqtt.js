// @ts-check
// The package of this repository, as it is built.

import { connect } from "webmqtt";
import { tasksOf } from "../page/tasks.js";

export const tasks = tasksOf(async (url) => {
  const client = await connect(url, { version: 4, clean: true });
  return {
    subscribe: (filter, qos, handler) =>
      client.subscribe(filter, { qos }, (/** @type {any} */ message) =>
        handler(message.topic, message.payload),
      ),
    publish: (topic, payload, qos) => client.publish(topic, payload, { qos }),
    end: () => client.end(),
  };
});
