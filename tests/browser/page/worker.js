// @ts-check
// Has the conversation of `talk.js` in a worker of either kind, and posts what came of it.

import { talk } from "./talk.js";

/** @type {any} */
const scope = globalThis;

/** @param {{ postMessage(data: unknown): void }} port @param {string} url */
async function answer(port, url) {
  const outcome = await talk(url).then(
    (value) => ({ value }),
    (error) => ({ error: String(error) }),
  );
  port.postMessage(outcome);
}

scope.onmessage = (/** @type {MessageEvent} */ event) => answer(scope, event.data);

scope.onconnect = (/** @type {MessageEvent} */ event) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = ({ data }) => answer(port, data);
};
