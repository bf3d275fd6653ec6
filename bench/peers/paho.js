// @ts-check
// Eclipse Paho. Its messages come in one callback for all subscriptions, and another tells which were acknowledged.

import Paho from "paho-mqtt";
import { tasksOf } from "../page/tasks.js";

export const tasks = tasksOf(async (url) => {
  const client = new Paho.Client(url, `paho-${Math.random()}`);
  /** @type {Map<object, () => void>} */
  const waiting = new Map();
  client.onMessageDelivered = (/** @type {object} */ message) => {
    waiting.get(message)?.();
    waiting.delete(message);
  };
  await new Promise((resolve, reject) => {
    const onFailure = (/** @type {any} */ { errorMessage }) => reject(new Error(errorMessage));
    client.connect({ mqttVersion: 4, cleanSession: true, onSuccess: resolve, onFailure });
  });
  return {
    oneHandler: true,
    subscribe: (filter, qos, handler) => {
      client.onMessageArrived = (/** @type {any} */ message) =>
        handler(message.destinationName, message.payloadBytes);
      return new Promise((onSuccess, onFailure) => {
        client.subscribe(filter, { qos, onSuccess, onFailure });
      });
    },
    publish: (topic, payload, qos) =>
      new Promise((resolve) => {
        const message = new Paho.Message(payload);
        message.destinationName = topic;
        message.qos = qos;
        waiting.set(message, () => resolve(undefined));
        client.send(message);
      }),
    end: () => client.disconnect(),
  };
});
