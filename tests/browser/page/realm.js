// @ts-check
// The realm's half of `harness/realm.mjs`: does what Node asks over a connection of its own, the same in a window, in a
// worker and in a shared worker, and in any engine. What it is asked to run comes as a module, since nothing here may
// evaluate text.

import { pack, unpack } from "./wire.js";

const url = new URL(location.href);
const socket = new WebSocket(
  `${url.protocol.replace("http", "ws")}//${url.host}/realm/${url.searchParams.get("realm")}`,
);

/** @param {object} message */
const tell = (message) => socket.send(pack(message));

/** @param {any} error */
const textOf = (error) => String(error?.stack?.includes(error.message) ? error.stack : error);

/** @param {number} id @param {() => unknown} call */
async function answer(id, call) {
  try {
    tell({ id, value: await call() });
  } catch (error) {
    tell({ id, error: textOf(error) });
  }
}

addEventListener("error", ({ error, message }) => tell({ exception: String(error ?? message) }));
addEventListener("unhandledrejection", ({ reason }) => tell({ exception: String(reason) }));

/** Bodies start in the order in which they were asked for, however long each takes to load. @type {Promise<unknown>} */
let order = new Promise((resolve) => {
  socket.onopen = resolve;
}).then(() => {
  globalThis.WebSocket = new Proxy(WebSocket, {
    construct(target, parameters, subclass) {
      tell({ socket: String(parameters[0]) });
      return Reflect.construct(target, parameters, subclass);
    },
  });
  return import("./bench.js");
});
order.then(
  () => tell({ ready: true }),
  (error) => tell({ failed: textOf(error) }),
);

socket.onmessage = ({ data }) => {
  const { id, module, argument } = unpack(data);
  order = order.then(() =>
    import(module).then(
      ({ default: body }) => void answer(id, () => body(argument)),
      (error) => void answer(id, () => Promise.reject(error)),
    ),
  );
};
