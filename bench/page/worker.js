// @ts-check
// One participant in a dedicated worker, which the page asks for its tasks.

import { memory } from "./memory.js";

/** @type {any} */
let tasks;

addEventListener("message", async ({ data: { id, task, argument } }) => {
  try {
    let value;
    if (task === "load") tasks = (await import(`./peers/${argument}.js`)).tasks;
    else value = await (task === "memory" ? memory() : tasks[task](argument));
    postMessage({ id, value });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
