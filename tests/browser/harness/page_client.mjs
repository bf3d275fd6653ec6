// @ts-check
// Node's half of the bench: a client that lives in the page, driven through `page/bench.js`.
// Every call of the package comes back as `{ value }` or `{ error }`.

import assert from "node:assert/strict";
import { uniqueName } from "./witness.mjs";

/**
 * @typedef {object} ErrorData
 * @property {boolean} isMqttError
 * @property {boolean} isError
 * @property {string} code
 * @property {number} [reasonCode]
 * @property {string} [reasonString]
 * @property {[string, string][]} userProperties
 * @property {string} [serverReference]
 * @property {string} [filter]
 * @property {string} message
 * @property {string} remediation
 * @property {{ code: number, reason: string, wasClean: boolean }} [close]
 * @property {string} [phase]
 * @property {string} [cause]
 */

/** @template T @typedef {{ value: T, error?: undefined } | { error: ErrorData, value?: undefined }} Outcome */
/** @typedef {{ topic: string, text: string, qos: number, retain: boolean, dup: boolean }} Seen */
/** @typedef {import("../../../pkg/src/types.ts").Answer} Answer */
/** @typedef {{ qos: number, reasonCode: number } & Answer} Published */
/** @typedef {{ filter: string, qos?: number, error?: ErrorData }} FilterResult */
/** @typedef {{ filters: string[], qos: number, results: FilterResult[], answer: Answer }} Grant */
/** @typedef {{ results: (FilterResult & { reasonCode?: number })[], answer: Answer }} Left */
/** @typedef {{ state: string, previous: string, cause?: ErrorData, delay?: number, attempt: number, url?: string }} StateData */
/** @typedef {import("../../../pkg/src/types.ts").ConnectionInfo} ConnectionInfo */

/**
 * The value of a call that must have succeeded.
 * @template T
 * @param {Outcome<T>} outcome
 * @returns {T}
 */
export function resultOf(outcome) {
  if (outcome.error) {
    const { code, reasonCode, message } = outcome.error;
    assert.fail(`expected success, got ${code} ${reasonCode ?? ""}: ${message}`);
  }
  return outcome.value;
}

/**
 * The error of a call that must have failed with this code. Every error is an MqttError and says
 * what to do about it.
 * @param {Outcome<unknown>} outcome @param {string} code @param {number} [reasonCode]
 * @returns {ErrorData}
 */
export function errorOf(outcome, code, reasonCode) {
  const { error } = outcome;
  assert.ok(error, `expected ${code}, the call succeeded with ${JSON.stringify(outcome.value)}`);
  assertMqttError(error, code, reasonCode);
  return error;
}

/** @param {ErrorData | undefined} error @param {string} code @param {number} [reasonCode] */
export function assertMqttError(error, code, reasonCode) {
  assert.ok(error, `expected an error ${code}`);
  assert.equal(error.code, code, error.message);
  assert.ok(error.isMqttError, `${code} is an MqttError`);
  assert.ok(error.isError, `${code} is an Error`);
  assert.ok(error.message.trim().length > 0, `${code} has a message`);
  assert.ok(error.remediation?.trim().length > 0, `${code} has a remedy`);
  if (reasonCode !== undefined) assert.equal(error.reasonCode, reasonCode, error.message);
}

export class PageClient {
  name = uniqueName("client");
  clientId = "";
  #page;

  /** @param {import("playwright-core").Page} page */
  constructor(page) {
    this.#page = page;
  }

  /**
   * `createClient` in the page; it must succeed.
   * @param {import("playwright-core").Page} page @param {string} url @param {object} options
   */
  static async open(page, url, options) {
    const client = new PageClient(page);
    const opened = await client.#call("open", url, options);
    client.clientId = resultOf(/** @type {Outcome<{ clientId: string }>} */ (opened)).clientId;
    return client;
  }

  /** @param {string} method @param {...unknown} args @returns {Promise<any>} */
  #call(method, ...args) {
    return this.#page.evaluate(
      ([method, args]) => globalThis.bench.calls[method](...args),
      /** @type {[string, any[]]} */ ([method, [this.name, ...args]]),
    );
  }

  /** @param {object} [changes] @returns {Promise<Outcome<ConnectionInfo>>} */
  connect(changes) {
    return this.#call("connect", changes);
  }

  /** @returns {Promise<Outcome<null>>} */
  reauthenticate() {
    return this.#call("reauthenticate");
  }

  /**
   * @param {string} topic @param {string | { pattern: number }} payload @param {object} [options]
   * @returns {Promise<Outcome<Published>>}
   */
  publish(topic, payload, options) {
    return this.#call("publish", topic, payload, options);
  }

  /**
   * What came back of an earlier page.
   * @returns {Promise<{ topic?: string, qos: number, sent: boolean }[]>}
   */
  restored() {
    return this.#call("restored");
  }

  /** How all of it ended. @returns {Promise<Outcome<Published>[]>} */
  restoredOutcomes() {
    return this.#call("restoredOutcomes");
  }

  /** Waits for an `error` event with this code. @param {string} code @returns {Promise<ErrorData>} */
  untilError(code) {
    return this.#call("errorUntil", code);
  }

  /**
   * @param {string} topic @param {number} from @param {number} to @param {object} options
   * @returns {Promise<Outcome<Published>[]>}
   */
  publishSeries(topic, from, to, options) {
    return this.#call("publishSeries", topic, from, to, options);
  }

  /**
   * Makes the call and does not wait for it; `outcome` does.
   * @param {string} topic @param {string} payload @param {object} [options]
   * @returns {Promise<{ outcome(): Promise<Outcome<Published>>, hasSettled(): Promise<boolean> }>}
   */
  async startPublish(topic, payload, options) {
    const key = uniqueName("publish");
    await this.#call("startPublish", key, topic, payload, options);
    return {
      outcome: () => this.#call("outcomeOf", key),
      hasSettled: () => this.#call("hasSettled", key),
    };
  }

  /**
   * Publishes 1, 2, 3 … until it is stopped, `width` of them unacknowledged at any time.
   * @param {string} topic @param {number} width @param {object} options
   */
  async startFlow(topic, width, options) {
    await this.#call("startFlow", topic, width, options);
    return {
      /** @param {number} count @returns {Promise<number>} */
      acknowledged: (count) => this.#call("flowAcknowledged", topic, count),
      /** @returns {Promise<void>} when nothing is on its way any more */
      pause: () => this.#call("pauseFlow", topic),
      /** @returns {Promise<void>} */
      resume: () => this.#call("resumeFlow", topic),
      /** @returns {Promise<{ last: number, acknowledged: number, failures: ErrorData[] }>} */
      stop: async () => {
        await this.#call("stopFlow", topic);
        return resultOf(await this.#call("outcomeOf", topic));
      },
    };
  }

  /**
   * @param {string | (string | { filter: string, qos?: number })[]} filters @param {object} [options]
   * @returns {Promise<Outcome<PageSubscription>>}
   */
  async subscribe(filters, options = {}) {
    const key = uniqueName("subscription");
    /** @type {Outcome<Grant>} */
    const outcome = await this.#call("subscribe", key, filters, options);
    if (outcome.error) return outcome;
    return { value: new PageSubscription(outcome.value, (...args) => this.#call(...args), key) };
  }

  /**
   * Subscribes with a handler that says `hangs` in the page's console and never returns.
   * @param {string} filter @param {object} options
   * @returns {Promise<Outcome<Grant>>}
   */
  subscribeAndHang(filter, options) {
    return this.#call("subscribeAndHang", filter, options);
  }

  /**
   * Subscribes; digest() gives length and SHA-256 of the first message.
   * @param {string} filter @param {object} options
   */
  async subscribeForDigest(filter, options) {
    const key = uniqueName("digest");
    resultOf(await this.#call("subscribeForDigest", key, filter, options));
    return {
      /** @returns {Promise<{ length: number, digest: string }>} */
      digest: async () => resultOf(await this.#call("outcomeOf", key)),
    };
  }

  /**
   * @param {string} topic @param {string} payload @param {object} [options]
   * @returns {Promise<Outcome<Seen>>}
   */
  request(topic, payload, options) {
    return this.#call("request", topic, payload, options);
  }

  /**
   * Answers every request on `filter` with `echo of` its text.
   * @param {string} filter @param {object} [options]
   * @returns {Promise<Outcome<Grant>>}
   */
  serve(filter, options) {
    return this.#call("serve", filter, options);
  }

  /** @returns {Promise<string>} */
  state() {
    return this.#call("state");
  }

  /** @returns {Promise<string>} */
  url() {
    return this.#call("url");
  }

  /**
   * Everything that the client reported by events.
   * @returns {Promise<{ states: StateData[], errors: ErrorData[], connections: ConnectionInfo[], asked: { refused: boolean }[] }>}
   */
  history() {
    return this.#call("history");
  }

  /**
   * Waits for the `count`th `state` event that says `state`.
   * @param {string} state @param {number} [count]
   * @returns {Promise<StateData>}
   */
  untilState(state, count = 1) {
    return this.#call("stateUntil", state, count);
  }

  /**
   * Publishes many messages in one go.
   * @param {number} count @param {number} size
   * @returns {Promise<{ writable: boolean, waiting: number }>}
   */
  flood(count, size) {
    return this.#call("flood", count, size);
  }

  /** @returns {Promise<Outcome<null>>} */
  ready() {
    return this.#call("ready");
  }

  /** @returns {Promise<{ outcome(): Promise<Outcome<null>> }>} */
  async startReady() {
    const key = uniqueName("ready");
    await this.#call("startReady", key);
    return { outcome: () => this.#call("outcomeOf", key) };
  }

  /** @param {object} [options] @returns {Promise<Outcome<null>>} */
  end(options) {
    return this.#call("end", options);
  }
}

export class PageSubscription {
  #call;
  #key;

  /**
   * @param {Grant} grant
   * @param {(method: string, ...args: unknown[]) => Promise<any>} call
   * @param {string} key
   */
  constructor(grant, call, key) {
    this.grant = grant;
    this.#call = call;
    this.#key = key;
  }

  /** Messages so far. @returns {Promise<Seen[]>} */
  seen() {
    return this.#call("seen", this.#key);
  }

  /** Waits for a message with this text; gives all so far. @param {string} text @returns {Promise<Seen[]>} */
  until(text) {
    return this.#call("seenUntil", this.#key, text, 1);
  }

  /** Waits for `count` messages; gives all so far. @param {number} count @returns {Promise<Seen[]>} */
  count(count) {
    return this.#call("seenUntil", this.#key, null, count);
  }

  /** @returns {Promise<Outcome<Left>>} */
  unsubscribe() {
    return this.#call("unsubscribe", this.#key);
  }
}
