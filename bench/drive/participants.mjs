// @ts-check
// Who takes part. Each has its adapter in `peers`.

/** @type {readonly { name: string, title: string }[]} */
export const PARTICIPANTS = [
  { name: "floor", title: "floor" },
  { name: "floor_each", title: "floor, 1 each" },
  { name: "webmqtt", title: "webmqtt" },
  { name: "mqttjs", title: "MQTT.js" },
  { name: "paho", title: "Paho" },
  { name: "u8", title: "u8-mqtt" },
  { name: "mqtt5_wasm", title: "mqtt5-wasm" },
];

/** What everybody is compared with. */
export const FLOOR = "floor";

/** Who is shown to everybody: the floor that sends one packet each is for experts. */
export const SHOWN = PARTICIPANTS.filter(({ name }) => name !== "floor_each");
