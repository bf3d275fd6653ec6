// @ts-check
// The page: one participant, in the window or in a dedicated worker, which the driver asks for its tasks. It also
// watches what the driver can't see from outside: the memory of WebAssembly modules, and the page's own pauses.

import { memory } from "./memory.js";

/** How often the page looks at the clock while its pauses are measured. */
const TICK = 4;

const { searchParams } = new URL(location.href);
const participant = searchParams.get("participant") ?? "";

/** Runs a task by its name. @type {(task: string, argument?: unknown) => Promise<any>} */
let run;

if (searchParams.has("worker")) {
  const worker = new Worker("worker.js", { type: "module" });
  let last = 0;
  /** @type {Map<number, { resolve(value: any): void, reject(error: Error): void }>} */
  const calls = new Map();
  worker.onmessage = ({ data: { id, value, error } }) => {
    const call = calls.get(id);
    calls.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(error));
  };
  run = (task, argument) =>
    new Promise((resolve, reject) => {
      last += 1;
      calls.set(last, { resolve, reject });
      worker.postMessage({ id: last, task, argument });
    });
  await run("load", participant);
} else {
  /** @type {any} */
  const { tasks } = await import(`./peers/${participant}.js`);
  run = (task, argument) => (task === "memory" ? memory() : tasks[task](argument));
}

/** @type {{ timer: ReturnType<typeof setInterval>, longest: number } | undefined} */
let watch;

const bench = {
  run,

  /** Begins to look at the clock all the time. */
  watchPauses() {
    let last = performance.now();
    const begun = { timer: setInterval(tick, TICK), longest: 0 };
    watch = begun;
    function tick() {
      const now = performance.now();
      begun.longest = Math.max(begun.longest, now - last - TICK);
      last = now;
    }
  },

  /** The longest time in which the page could do nothing else, in milliseconds. */
  longestPause() {
    clearInterval(watch?.timer);
    return watch?.longest ?? 0;
  },
};

Object.assign(globalThis, { bench });
