// @ts-check
// The page's half of the browser tests: it owns the clients under test and answers the calls that
// `harness/page_client.mjs` makes through `page.evaluate`. It knows the public API of the package
// and nothing about brokers or about what a test expects.

// @ts-expect-error: an address on the test's own site, not a file
import * as webmqtt from "/pkg/dist/index.js";
// @ts-expect-error: the same
import { scramSha256 } from "/pkg/dist/scram.js";
// @ts-expect-error: the same
import { signedUrl } from "/pkg/dist/sigv4.js";

/** As in `harness/patience.mjs`. */
const PATIENCE = 40_000;

/** @typedef {{ topic: string, text: string, qos: number, retain: boolean, dup: boolean }} Seen */

/**
 * @typedef {object} Slot
 * @property {any} client
 * @property {any[]} states every `state` event so far
 * @property {any[]} errors every `error` event so far
 * @property {any[]} connections every `connect` event so far
 * @property {any[]} asked what the functions of the options were asked with so far
 * @property {Map<string, { subscription: any, seen: Seen[] }>} subscriptions
 * @property {Map<string, Promise<any>>} started outcomes of calls that were started and not awaited
 * @property {Set<() => void>} watchers called after anything above changed
 */

/** @type {Map<string, Slot>} */
const slots = new Map();

/** What can be carried out of the page of an error. @param {any} error */
function describeError(error) {
  return {
    isMqttError: error instanceof webmqtt.MqttError,
    isError: error instanceof Error,
    name: error?.name,
    code: error?.code,
    reasonCode: error?.reasonCode,
    reasonString: error?.reasonString,
    userProperties: error?.userProperties,
    serverReference: error?.serverReference,
    filter: error?.filter,
    message: String(error?.message),
    remediation: error?.remediation,
    close: error?.close,
    cause: error?.cause && String(error.cause),
    phase: error?.phase,
  };
}

/**
 * Turns a call into data: `{ value }` or `{ error }`.
 * @param {() => any} call
 * @param {(value: any) => any} [pick] what to carry out of the page of a value
 */
async function outcome(call, pick = (value) => value) {
  try {
    return { value: pick(await call()) };
  } catch (error) {
    return { error: describeError(error) };
  }
}

/** A call without a value. */
function nothing() {
  return null;
}

/** @param {string} name */
function slotOf(name) {
  const slot = slots.get(name);
  if (!slot) throw new Error(`no client called ${name}`);
  return slot;
}

/** @param {Slot} slot */
function changed(slot) {
  for (const watcher of [...slot.watchers]) watcher();
}

/**
 * Waits until `probe` gives something other than undefined; it is asked again after every change.
 * @template T
 * @param {Slot} slot
 * @param {() => T | undefined} probe
 * @param {() => string} describe said when patience ends
 * @returns {Promise<T>}
 */
function until(slot, probe, describe) {
  return new Promise((resolve, reject) => {
    const check = () => {
      const found = probe();
      if (found === undefined) return;
      slot.watchers.delete(check);
      clearTimeout(patience);
      resolve(found);
    };
    const patience = setTimeout(() => {
      slot.watchers.delete(check);
      reject(new Error(`waited ${PATIENCE} ms for ${describe()}`));
    }, PATIENCE);
    slot.watchers.add(check);
    check();
  });
}

/** @param {any} message @returns {Seen} */
function seenOf(message) {
  return {
    topic: message.topic,
    text: message.payload.length > 4096 ? `${message.payload.length} bytes` : message.text(),
    qos: message.qos,
    retain: message.retain,
    dup: message.dup,
  };
}

/** @param {any} subscription */
function grantOf(subscription) {
  return {
    filters: [...subscription.filters],
    qos: subscription.qos,
    answer: subscription.answer,
    results: subscription.results.map((/** @type {any} */ result) => ({
      filter: result.filter,
      qos: result.qos,
      error: result.error && describeError(result.error),
    })),
  };
}

/** @param {any} value */
function plainState(value) {
  return { ...value, cause: value.cause && describeError(value.cause) };
}

/**
 * Payloads of a size that nobody wants to send through the test protocol are made in the page.
 * @param {any} payload a string, or `{ pattern: bytes }`
 */
function payloadOf(payload) {
  if (typeof payload?.pattern !== "number") return payload;
  const bytes = new Uint8Array(payload.pattern);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function sha256(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * Functions cannot be carried into the page: `passwords` becomes a password that is asked for, with one answer
 * after the other. `null` is an answer that fails. `scram` becomes the authenticator with these options.
 * @param {any} options
 * @param {any[]} asked
 * @returns {any}
 */
function liveOptions({ passwords, scram, ...options }, asked) {
  if (scram) return { ...options, auth: scramSha256(liveOptions(scram, asked)) };
  if (!passwords) return options;
  return { ...options, password: answersOf(passwords, asked) };
}

/**
 * `urls` becomes a function that is asked for the URL, with one answer after the other; `signed` has the options of
 * `signedUrl`, with credentials that are asked for in the same way.
 * @param {string} url
 * @param {any} options
 * @param {any[]} asked
 */
function liveUrl(url, { urls, signed }, asked) {
  if (signed) {
    const { credentials, ...options } = signed;
    return signedUrl({ ...options, credentials: answersOf(credentials, asked) });
  }
  return urls ? answersOf(urls, asked) : url;
}

/** @param {any[]} list @param {any[]} asked */
function answersOf(list, asked) {
  const answers = [...list];
  return async (/** @type {any} */ attempt) => {
    asked.push({ ...attempt });
    const answer = answers.shift();
    if (answer === null) throw new Error("no token");
    return answer;
  };
}

const calls = {
  /** @param {string} name @param {string} url @param {any} given */
  async open(name, url, given) {
    /** @type {any[]} */
    const asked = [];
    const { urls, signed, ...options } = given;
    return outcome(
      () =>
        webmqtt.createClient(liveUrl(url, { urls, signed }, asked), liveOptions(options, asked)),
      (client) => {
        /** @type {Slot} */
        const slot = {
          client,
          states: [],
          errors: [],
          connections: [],
          asked,
          subscriptions: new Map(),
          started: new Map(),
          watchers: new Set(),
        };
        client.on("state", (/** @type {any} */ event) => {
          slot.states.push(plainState(event));
          changed(slot);
        });
        client.on("error", (/** @type {any} */ error) => {
          slot.errors.push(describeError(error));
          changed(slot);
        });
        client.on("connect", (/** @type {any} */ info) => {
          slot.connections.push({ ...info });
          changed(slot);
        });
        slots.set(name, slot);
        return { clientId: client.clientId, state: client.state };
      },
    );
  },

  /** @param {string} name @param {any} changes */
  async connect(name, changes) {
    return outcome(
      () => slotOf(name).client.connect(changes),
      (info) => ({ ...info }),
    );
  },

  /** @param {string} name */
  async reauthenticate(name) {
    return outcome(
      () => slotOf(name).client.reauthenticate(),
      () => null,
    );
  },

  /** @param {string} name @param {string} topic @param {any} payload @param {any} options */
  async publish(name, topic, payload, options) {
    return outcome(() => slotOf(name).client.publish(topic, payloadOf(payload), options));
  },

  /** @param {string} name */
  restored(name) {
    return slotOf(name).client.restored.map((/** @type {any} */ { topic, qos, sent }) => ({
      ...(topic !== undefined && { topic }),
      qos,
      sent,
    }));
  },

  /** @param {string} name */
  restoredOutcomes(name) {
    const all = slotOf(name).client.restored;
    return Promise.all(all.map((/** @type {any} */ { result }) => outcome(() => result)));
  },

  /** @param {string} name @param {string} code */
  errorUntil(name, code) {
    const slot = slotOf(name);
    const probe = () => slot.errors.find((error) => error.code === code);
    return until(slot, probe, () => `error ${code}, saw ${slot.errors.map((error) => error.code)}`);
  },

  /**
   * Publishes the numbers `from` to `to` in one turn and waits for all of them.
   * @param {string} name @param {string} topic @param {number} from @param {number} to
   * @param {any} options
   */
  async publishSeries(name, topic, from, to, options) {
    const { client } = slotOf(name);
    const all = [];
    for (let i = from; i <= to; i++) {
      all.push(outcome(() => client.publish(topic, String(i), options)));
    }
    return Promise.all(all);
  },

  /**
   * Starts a publish and keeps its outcome under `key`; returns when the call has been made.
   * @param {string} name @param {string} key @param {string} topic @param {any} payload
   * @param {any} options
   */
  startPublish(name, key, topic, payload, options) {
    const slot = slotOf(name);
    slot.started.set(
      key,
      outcome(() => slot.client.publish(topic, payloadOf(payload), options)),
    );
  },

  /**
   * Publishes `count` messages of `size` bytes with QoS 0 in one go; how things stand a moment later.
   * @param {string} name @param {number} count @param {number} size
   */
  async flood(name, count, size) {
    const { client } = slotOf(name);
    let waiting = count;
    for (let sent = 0; sent < count; sent++) {
      const settled = () => {
        waiting -= 1;
      };
      client.publish("flood", new Uint8Array(size)).then(settled, settled);
    }
    await new Promise((resolve) => setTimeout(resolve));
    return { writable: client.writable, waiting };
  },

  /** @param {string} name */
  async ready(name) {
    return outcome(() => slotOf(name).client.ready(), nothing);
  },

  /** @param {string} name @param {string} key */
  startReady(name, key) {
    const slot = slotOf(name);
    slot.started.set(
      key,
      outcome(() => slot.client.ready(), nothing),
    );
  },

  /** @param {string} name @param {string} key */
  async outcomeOf(name, key) {
    const started = slotOf(name).started.get(key);
    if (!started) throw new Error(`nothing was started as ${key}`);
    return started;
  },

  /** Whether the call kept under `key` has settled by now. @param {string} name @param {string} key */
  async hasSettled(name, key) {
    const pending = Symbol("pending");
    const first = await Promise.race([slotOf(name).started.get(key), Promise.resolve(pending)]);
    return first !== pending;
  },

  /**
   * Publishes one number after the other, always `width` of them unacknowledged, until `stop`.
   * @param {string} name @param {string} topic @param {number} width @param {any} options
   */
  startFlow(name, topic, width, options) {
    const slot = slotOf(name);
    let last = 0;
    let stopped = false;
    /** @type {any[]} */
    const failures = [];
    let acknowledged = 0;
    let resting = 0;
    /** @type {PromiseWithResolvers<void> | undefined} */
    let gate;
    const lane = async () => {
      while (!stopped) {
        if (gate) {
          resting += 1;
          changed(slot);
          await gate.promise;
          resting -= 1;
        }
        const number = ++last;
        const result = await outcome(() => slot.client.publish(topic, String(number), options));
        if ("error" in result) failures.push({ number, ...result.error });
        else acknowledged += 1;
        changed(slot);
      }
    };
    const lanes = Promise.all(Array.from({ length: width }, lane));
    slot.started.set(
      topic,
      lanes.then(() => ({ value: { last, acknowledged, failures } })),
    );
    flows.set(`${name} ${topic}`, {
      stop: () => {
        stopped = true;
      },
      acknowledged: () => acknowledged,
      pause: () => {
        gate ??= Promise.withResolvers();
        const probe = () => (resting === width ? true : undefined);
        return until(slot, probe, () => `${width} at rest, ${resting} were`);
      },
      resume: () => {
        gate?.resolve();
        gate = undefined;
      },
    });
  },

  /** Resolves when everything that was published is acknowledged; no more is until `resumeFlow`. @param {string} name @param {string} topic */
  async pauseFlow(name, topic) {
    await flows.get(`${name} ${topic}`)?.pause();
  },

  /** @param {string} name @param {string} topic */
  resumeFlow(name, topic) {
    flows.get(`${name} ${topic}`)?.resume();
  },

  /** @param {string} name @param {string} topic @param {number} count */
  async flowAcknowledged(name, topic, count) {
    const flow = flows.get(`${name} ${topic}`);
    const probe = () => (flow && flow.acknowledged() >= count ? flow.acknowledged() : undefined);
    return until(slotOf(name), probe, () => `${count} acknowledged, had ${flow?.acknowledged()}`);
  },

  /** @param {string} name @param {string} topic */
  stopFlow(name, topic) {
    flows.get(`${name} ${topic}`)?.stop();
  },

  /**
   * Sends a request and gives its response.
   * @param {string} name @param {string} topic @param {string} payload @param {any} options
   */
  request(name, topic, payload, options) {
    return outcome(() => slotOf(name).client.request(topic, payload, options), seenOf);
  },

  /** Gives every message on `filter` back to whoever asked. @param {string} name @param {string} filter @param {any} options */
  serve(name, filter, options) {
    const { client } = slotOf(name);
    const echo = (/** @type {any} */ message) => {
      void outcome(() => client.respond(message, `echo of ${message.text()}`, options));
    };
    return outcome(() => client.subscribe(filter, options, echo), grantOf);
  },

  /** @param {string} name @param {string} key @param {string | string[]} filters @param {any} options */
  async subscribe(name, key, filters, options) {
    const slot = slotOf(name);
    /** @type {Seen[]} */
    const seen = [];
    const subscribed = await outcome(
      () =>
        slot.client.subscribe(filters, options, (/** @type {any} */ message) => {
          seen.push(seenOf(message));
          changed(slot);
        }),
      (subscription) => {
        slot.subscriptions.set(key, { subscription, seen });
        return grantOf(subscription);
      },
    );
    return subscribed;
  },

  /** The handler says so in the console, and never returns. @param {string} name @param {string} filter @param {any} options */
  subscribeAndHang(name, filter, options) {
    const hang = () => {
      console.log("hangs");
      for (;;);
    };
    return outcome(() => slotOf(name).client.subscribe(filter, options, hang), grantOf);
  },

  /** @param {string} name @param {string} key */
  async unsubscribe(name, key) {
    return outcome(
      () => slotOf(name).subscriptions.get(key)?.subscription.unsubscribe(),
      ({ results, ...answer }) => ({
        answer,
        results: results.map((/** @type {any} */ result) => ({
          ...result,
          error: result.error && describeError(result.error),
        })),
      }),
    );
  },

  /** Messages of a subscription so far. @param {string} name @param {string} key */
  seen(name, key) {
    return slotOf(name).subscriptions.get(key)?.seen ?? [];
  },

  /**
   * Waits until a subscription has seen `count` messages with the text `text` (any text without it);
   * gives all messages so far.
   * @param {string} name @param {string} key @param {string | null} text @param {number} count
   */
  async seenUntil(name, key, text, count) {
    const slot = slotOf(name);
    const all = () => slot.subscriptions.get(key)?.seen ?? [];
    const enough = () =>
      all().filter((m) => text === null || m.text === text).length >= count ? all() : undefined;
    const wanted = text === null ? `${count} messages` : `the message "${text}"`;
    return until(slot, enough, () => `${wanted}, saw ${all().map((m) => m.text)}`);
  },

  /** @param {string} name */
  state(name) {
    return slotOf(name).client.state;
  },

  /** @param {string} name */
  url(name) {
    return slotOf(name).client.url;
  },

  /** @param {string} name */
  history(name) {
    const { states, errors, connections, asked } = slotOf(name);
    return { states, errors, connections, asked };
  },

  /**
   * Waits for the `count`th `state` event that says `state`.
   * @param {string} name @param {string} state @param {number} count
   */
  async stateUntil(name, state, count) {
    const slot = slotOf(name);
    const said = () => slot.states.filter((event) => event.state === state);
    const probe = () => said()[count - 1];
    const history = () => slot.states.map((event) => event.state).join(", ");
    return until(slot, probe, () => `state ${state} for the ${count}. time, saw ${history()}`);
  },

  /** @param {string} name @param {any} options */
  async end(name, options) {
    return outcome(
      () => slotOf(name).client.end(options),
      () => null,
    );
  },

  /**
   * Subscribes, reports the digest of the first message, for payloads too large to carry.
   * @param {string} name @param {string} key @param {string} filter @param {any} options
   */
  async subscribeForDigest(name, key, filter, options) {
    const slot = slotOf(name);
    /** @type {(value: any) => void} */
    let arrived = () => {};
    slot.started.set(
      key,
      new Promise((resolve) => {
        arrived = resolve;
      }),
    );
    return outcome(
      () =>
        slot.client.subscribe(filter, options, (/** @type {any} */ message) => {
          const length = message.payload.length;
          sha256(message.payload.slice()).then((digest) => arrived({ value: { length, digest } }));
        }),
      grantOf,
    );
  },

  /** @param {number} length */
  async patternDigest(length) {
    return sha256(/** @type {any} */ (payloadOf({ pattern: length })));
  },
};

/** @type {Map<string, { stop(): void, acknowledged(): number, pause(): Promise<unknown>, resume(): void }>} */
const flows = new Map();

/** @type {string[]} */
const violations = [];
addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});

Object.assign(globalThis, { bench: { webmqtt, calls, outcome, describeError, violations } });
