// @ts-check
// The worker's side of `life.js`.

import { makeClient } from "./life.js";

/** @type {Promise<any>} */
let client;

/** @param {number} milliseconds */
function work(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

addEventListener("message", async ({ data }) => {
  if (data.kind === "start") client = makeClient(data.url, data.options, (it) => postMessage(it));
  else if (data.kind === "work") work(data.milliseconds);
  else if (data.kind === "wake") (await client).wake({ network: data.network });
  else (await client).suspend();
});
