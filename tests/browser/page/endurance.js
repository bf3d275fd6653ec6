// @ts-check
// The page's half of long runs: many clients at once, each with traffic of its own in both directions, which publishes
// numbers and writes down the numbers that it receives. It knows the public API of the package and nothing about what
// happens to the connections.

// @ts-expect-error: an address on the test's own site, not a file
import * as webmqtt from "/pkg/dist/index.js";

/**
 * @typedef {object} Run
 * @property {any} client
 * @property {string} prefix of every number
 * @property {(what: string, qos: number, number: string) => void} tell
 * @property {Record<number, string[]>} received by QoS
 * @property {number} last
 * @property {Promise<unknown>[]} publishes
 * @property {string[]} failures
 * @property {string[]} causes why connections were lost
 * @property {number} connections
 * @property {ReturnType<typeof setInterval> | undefined} timer
 */

/** @type {Map<string, Run>} */
const runs = new Map();

/** @param {string} name */
function runOf(name) {
  const run = runs.get(name);
  if (!run) throw new Error(`no run called ${name}`);
  return run;
}

/** @type {WebSocket | undefined} */
let scribe;

const endurance = {
  /** @param {string} url */
  async writeTo(url) {
    const socket = new WebSocket(url);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    scribe = socket;
  },

  /**
   * Connects and subscribes to `<name>/in/1/+` and `<name>/in/2/+`, with that QoS. In a page that will not live long,
   * everything is told to the scribe, who outlives it, and its numbers have the page's own before them.
   * @param {string} name @param {string} url @param {object} options @param {number} [life] of the page
   */
  async begin(name, url, options, life) {
    const client = await webmqtt.createClient(url, options);
    const aloud = life !== undefined;
    /** @type {Run} */
    const run = {
      client,
      prefix: aloud ? `${life}.` : "",
      tell: (what, qos, number) => {
        if (aloud) scribe?.send(`${name} ${what} ${qos} ${number}`);
      },
      received: {},
      last: 0,
      publishes: [],
      failures: [],
      causes: [],
      connections: 0,
      timer: undefined,
    };
    runs.set(name, run);
    run.publishes = client.restored.map((/** @type {any} */ { topic, qos, result }) =>
      result.then(
        () => run.tell("restored", qos, topic ?? ""),
        (/** @type {any} */ error) => run.failures.push(`restored ${topic}: ${error.code}`),
      ),
    );
    client.on("connect", () => {
      run.connections += 1;
    });
    client.on("state", (/** @type {any} */ { cause }) => {
      if (cause) run.causes.push(cause.code);
    });
    client.on("error", (/** @type {any} */ error) => run.failures.push(String(error)));
    const subscribed = [1, 2].map((qos) => {
      /** @type {string[]} */
      const received = [];
      run.received[qos] = received;
      return client.subscribe(`${name}/in/${qos}/+`, { qos }, (/** @type {any} */ message) => {
        run.tell("in", qos, message.text());
        received.push(message.text());
      });
    });
    // The first attempt can meet a fault, too.
    while (client.state !== "connected") await client.connect().catch(() => {});
    await Promise.all(subscribed);
  },

  /**
   * Publishes the next number n to `<name>/out/1/n` and to `<name>/out/2/n` every so many milliseconds.
   * @param {string} name @param {number} period
   */
  flow(name, period) {
    const run = runOf(name);
    run.timer = setInterval(() => {
      run.last += 1;
      for (const qos of [1, 2]) {
        const number = `${run.prefix}${run.last}`;
        run.tell("out", qos, number);
        const publishing = run.client.publish(`${name}/out/${qos}/${number}`, number, { qos });
        const failed = (/** @type {any} */ error) => {
          run.failures.push(`publish ${number} with QoS ${qos}: ${error.code}`);
        };
        const done = () => run.tell("acknowledged", qos, number);
        run.publishes.push(publishing.then(done, failed));
      }
    }, period);
  },

  /** No more numbers; gives the last one. @param {string} name */
  stop(name) {
    const run = runOf(name);
    clearInterval(run.timer);
    return run.last;
  },

  /** Waits until every publish is settled. @param {string} name */
  async settled(name) {
    await Promise.all(runOf(name).publishes);
  },

  /** How many numbers have been received with a QoS. @param {string} name @param {number} qos */
  count(name, qos) {
    return new Set(runOf(name).received[qos]).size;
  },

  /** @param {string} name */
  report(name) {
    const { received, failures, causes, connections, client } = runOf(name);
    return { received, failures, causes, connections, state: client.state };
  },

  /** @param {string} name */
  async end(name) {
    await runOf(name).client.end();
    runs.delete(name);
  },
};

Object.assign(globalThis, { endurance });
