// @ts-check
// Counts what a page holds on to: timers, listeners, sockets, locks, databases, channels, and what of WebAssembly was not
// given back. It has to be imported before everything else; what is a leftover is for the tests to say.

/** @type {any} */
const scope = globalThis;

/** @typedef {"timers" | "listeners" | "sockets" | "handlers" | "locks" | "databases" | "channels" | "finalizers"} Kind */

/** What is held, with a word on what it is. @type {Record<Kind, Map<unknown, string>>} */
const held = {
  timers: new Map(),
  listeners: new Map(),
  sockets: new Map(),
  handlers: new Map(),
  locks: new Map(),
  databases: new Map(),
  channels: new Map(),
  finalizers: new Map(),
};

// --- Timers ---

for (const [set, clear, again] of /** @type {const} */ ([
  ["setTimeout", "clearTimeout", false],
  ["setInterval", "clearInterval", true],
  ["requestAnimationFrame", "cancelAnimationFrame", false],
  ["requestIdleCallback", "cancelIdleCallback", false],
])) {
  const [setNative, clearNative] = [scope[set], scope[clear]];
  scope[set] = (/** @type {any} */ callback, /** @type {any[]} */ ...rest) => {
    const key = `${set} ${setNative(
      (/** @type {any[]} */ ...args) => {
        if (!again) held.timers.delete(key);
        callback(...args);
      },
      ...rest,
    )}`;
    held.timers.set(key, `${set} ${rest[0]}`);
    return Number(key.split(" ")[1]);
  };
  scope[clear] = (/** @type {any} */ id) => {
    held.timers.delete(`${set} ${id}`);
    clearNative(id);
  };
}

// --- Listeners ---

const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;

/** @type {WeakMap<object, Map<string, object>>} */
const targets = new WeakMap();
/** @type {WeakMap<object, number>} */
const numbers = new WeakMap();
let lastNumber = 0;

/** @param {object} listener */
function numberOf(listener) {
  const number = numbers.get(listener) ?? ++lastNumber;
  numbers.set(listener, number);
  return number;
}

/** @param {string} type @param {object} listener @param {any} options */
function listenerKey(type, listener, options) {
  const capture = typeof options === "object" ? options?.capture : options;
  return `${type} ${numberOf(listener)} ${Boolean(capture)}`;
}

EventTarget.prototype.addEventListener = function (type, listener, options) {
  const target = this ?? globalThis;
  add.call(target, type, listener, options);
  if (!listener) return;
  const own = targets.get(target) ?? new Map();
  targets.set(target, own);
  const key = listenerKey(type, listener, options);
  if (own.has(key)) return;
  const entry = {};
  own.set(key, entry);
  held.listeners.set(entry, `${target.constructor.name} ${type}`);
  const forget = () => {
    own.delete(key);
    held.listeners.delete(entry);
  };
  if (typeof options !== "object") return;
  if (options?.once) add.call(target, type, forget, { once: true });
  if (options?.signal) add.call(options.signal, "abort", forget, { once: true });
};

EventTarget.prototype.removeEventListener = function (type, listener, options) {
  const target = this ?? globalThis;
  remove.call(target, type, listener, options);
  if (!listener) return;
  const own = targets.get(target);
  const key = listenerKey(type, listener, options);
  const entry = own?.get(key);
  own?.delete(key);
  held.listeners.delete(entry);
};

// --- Sockets and channels ---

const NativeSocket = scope.WebSocket;
const SOCKET_HANDLERS = ["onopen", "onmessage", "onclose", "onerror"];

scope.WebSocket = class extends NativeSocket {
  /** @param {any[]} args */
  constructor(...args) {
    super(...args);
    held.sockets.set(this, `WebSocket ${args[0]}`);
    add.call(this, "close", () => held.sockets.delete(this));
  }
};

function lookAtHandlers() {
  held.handlers.clear();
  for (const [socket, what] of held.sockets) {
    for (const name of SOCKET_HANDLERS) {
      const handler = /** @type {any} */ (socket)[name];
      if (handler) held.handlers.set(handler, `${what} ${name}`);
    }
  }
}

for (const name of ["BroadcastChannel", "MessageChannel", "Worker", "SharedWorker"]) {
  const Native = scope[name];
  scope[name] = class extends Native {
    /** @param {any[]} args */
    constructor(...args) {
      super(...args);
      held.channels.set(this, name);
    }
    close() {
      held.channels.delete(this);
      super.close();
    }
    terminate() {
      held.channels.delete(this);
      super.terminate();
    }
  };
}

// --- Locks and databases ---

const requestLock = LockManager.prototype.request;
LockManager.prototype.request = function (/** @type {any[]} */ ...args) {
  const key = {};
  held.locks.set(key, `lock ${args[0]}`);
  const settled = () => void held.locks.delete(key);
  const requested = Reflect.apply(requestLock, this, args);
  requested.then(settled, settled);
  return requested;
};

const openDatabase = IDBFactory.prototype.open;
IDBFactory.prototype.open = function (...args) {
  const request = openDatabase.apply(this, args);
  add.call(request, "success", () => held.databases.set(request.result, `database ${args[0]}`));
  return request;
};
const closeDatabase = IDBDatabase.prototype.close;
IDBDatabase.prototype.close = function () {
  held.databases.delete(this);
  closeDatabase.call(this);
};

// --- WebAssembly: what has a finaliser is to be given back by hand ---

const NativeRegistry = scope.FinalizationRegistry;
scope.FinalizationRegistry = class extends NativeRegistry {
  /** @param {any} target @param {any} value @param {any} token */
  register(target, value, token) {
    held.finalizers.set(token, `${target?.constructor?.name} ${token?.constructor?.name}`);
    super.register(target, value, token);
  }
  /** @param {any} token */
  unregister(token) {
    held.finalizers.delete(token);
    return super.unregister(token);
  }
};

/** @type {WebAssembly.Memory | undefined} */
let memory;

/** @param {any} result */
function keepMemory(result) {
  const { exports } = result.instance ?? result;
  memory = Object.values(exports).find((value) => value instanceof WebAssembly.Memory);
  return result;
}

for (const name of /** @type {const} */ (["instantiate", "instantiateStreaming"])) {
  const native = WebAssembly[name];
  Object.assign(WebAssembly, {
    [name]: async (/** @type {any[]} */ ...args) =>
      keepMemory(await Reflect.apply(/** @type {any} */ (native), WebAssembly, args)),
  });
}

const ledger = {
  /** What is held, sorted. @returns {string[]} */
  held() {
    lookAtHandlers();
    return Object.values(held)
      .flatMap((kind) => [...kind.values()])
      .sort();
  },
  /** Bytes of the module's memory. */
  memory() {
    return memory?.buffer.byteLength ?? 0;
  },
};

Object.assign(globalThis, { ledger });
