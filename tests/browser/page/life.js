// @ts-check
// A client in this window or in a worker, and what a page tells a worker of its life. Its states are in
// `globalThis.states`.

/** @type {string[]} */
const states = [];
let closedSockets = 0;
Object.assign(globalThis, { states, closedSockets: () => closedSockets });

/**
 * The engine has closed a socket some time after the server has seen its end, and until then may not keep the page.
 * @param {(state: string) => void} tell
 */
function watchSockets(tell) {
  globalThis.WebSocket = class extends WebSocket {
    /** @param {string | URL} url @param {string | string[]} [protocols] */
    constructor(url, protocols) {
      super(url, protocols);
      this.addEventListener("close", () => setTimeout(tell, 0, "socket closed"));
    }
  };
}

/** @param {string} url @param {object} options @param {(state: string) => void} tell */
export async function makeClient(url, options, tell) {
  watchSockets(tell);
  const { createClient } = await import(/** @type {any} */ ("/pkg/dist/index.js"));
  const client = await createClient(url, options);
  client.on("state", (/** @type {any} */ { state, cause }) =>
    tell(cause ? `${state} ${cause.code}` : state),
  );
  void client.connect();
  return client;
}

/** @param {"window" | "worker"} place @param {string} url @param {object} options */
export async function start(place, url, options) {
  const tell = (/** @type {string} */ what) => {
    if (what === "socket closed") closedSockets += 1;
    else states.push(what);
  };
  if (place === "window") {
    const client = await makeClient(url, options, tell);
    Object.assign(globalThis, { suspend: () => client.suspend() });
    return;
  }
  const worker = new Worker("/page/life_worker.js", { type: "module" });
  worker.onmessage = ({ data }) => tell(data);
  worker.postMessage({ kind: "start", url, options });
  const wake = (network = false) => worker.postMessage({ kind: "wake", network });
  const suspend = () => worker.postMessage({ kind: "suspend" });
  const keepBusy = () => worker.postMessage({ kind: "work", milliseconds: 300 });
  Object.assign(globalThis, { suspend, keepBusy });
  document.addEventListener("resume", () => wake());
  document.addEventListener("visibilitychange", () => document.hidden || wake());
  addEventListener("online", () => wake(true));
  addEventListener("pageshow", (event) => event.persisted && wake());
  addEventListener("pagehide", (event) => event.persisted && suspend());
}
