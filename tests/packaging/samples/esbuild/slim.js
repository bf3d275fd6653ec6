import { connect, load } from "webmqtt/slim";
import address from "webmqtt/webmqtt.wasm";
import { talk } from "../talk.js";

await load(new URL(address, import.meta.url));
await talk(connect);
