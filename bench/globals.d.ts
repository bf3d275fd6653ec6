// What the adapters import. None of it is checked here: the benchmark asks each library for very little.

declare module "webmqtt";
declare module "mqtt5-wasm";
declare module "mqtt";
declare module "paho-mqtt";
declare module "u8-mqtt/esm/web/v4.js";
