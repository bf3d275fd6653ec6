// @ts-check
// MQTT.js. Its messages come in one event for all subscriptions.

import mqtt from "mqtt";
import { tasksOf } from "../page/tasks.js";

export const tasks = tasksOf(async (url) => {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, clean: true });
  /** @type {import("../page/tasks.js").Handler} */
  let handle = () => {};
  client.on("message", (/** @type {string} */ topic, /** @type {Uint8Array} */ payload) =>
    handle(topic, payload),
  );
  return {
    oneHandler: true,
    subscribe: (filter, qos, handler) => {
      handle = handler;
      return client.subscribeAsync(filter, { qos });
    },
    publish: (topic, payload, qos) => client.publishAsync(topic, payload, { qos }),
    end: () => client.endAsync(),
  };
});
