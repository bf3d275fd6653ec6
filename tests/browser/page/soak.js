// @ts-check
// The page's half of a soak: one client with everything at once for as long as it takes, and only so much noted down
// that the notes do not grow with it.

// @ts-expect-error: an address on the test's own site, not a file
import * as webmqtt from "/pkg/dist/index.js";
import { Series } from "./series.js";

/** Milliseconds between two of a kind. */
const PERIODS = { messages: 100, subscriptions: 700, requests: 900 };
const QOS = [0, 1, 2];

/** @type {any} */
let client;
let name = "";
let last = 0;
/** @type {ReturnType<typeof setInterval>[]} */
let timers = [];
let open = 0;
const series = QOS.map(() => new Series());
const counts = {
  published: 0,
  connections: 0,
  losses: 0,
  subscriptions: 0,
  requests: 0,
  answers: 0,
  late: 0,
};
/** @type {string[]} */
const failures = [];

/** @param {string} what @param {any} error */
function failed(what, error) {
  if (failures.length < 100) failures.push(`${what}: ${error.code ?? error}`);
}

/** @param {string} what @param {() => Promise<unknown>} work */
async function counted(what, work) {
  open += 1;
  await work().catch((error) => failed(what, error));
  open -= 1;
}

const soak = {
  /** @param {string} run @param {string} url @param {object} options */
  async begin(run, url, options) {
    name = run;
    client = await webmqtt.createClient(url, options);
    client.on("connect", () => {
      counts.connections += 1;
    });
    client.on("state", (/** @type {any} */ { cause }) => {
      if (cause) counts.losses += 1;
    });
    client.on("error", (/** @type {any} */ error) => failed("error", error));
    const subscribed = QOS.map((qos) =>
      client.subscribe(`${name}/in/${qos}/+`, { qos }, (/** @type {any} */ message) =>
        series[qos]?.take(Number(message.text())),
      ),
    );
    subscribed.push(
      client.subscribe(`${name}/ask`, { qos: 1 }, (/** @type {any} */ request) => {
        counted("respond", () => client.respond(request, request.text(), { qos: 1 }));
      }),
    );
    while (client.state !== "connected") await client.connect().catch(() => {});
    await Promise.all(subscribed);
  },

  start() {
    let asking = false;
    let changing = false;
    timers = [
      setInterval(() => {
        last += 1;
        for (const qos of QOS) {
          counted(`publish with QoS ${qos}`, async () => {
            await client.publish(`${name}/out/${qos}/${last}`, String(last), { qos });
            counts.published += 1;
          });
        }
      }, PERIODS.messages),
      setInterval(() => {
        if (changing) return;
        changing = true;
        counted("subscribe", async () => {
          const filter = `${name}/more/${counts.subscriptions % 50}`;
          const subscription = await client.subscribe(filter, { qos: 1 }, () => {});
          await subscription.unsubscribe();
          counts.subscriptions += 1;
        }).finally(() => {
          changing = false;
        });
      }, PERIODS.subscriptions),
      setInterval(() => {
        if (asking) return;
        asking = true;
        counted("request", async () => {
          const question = String(counts.requests);
          counts.requests += 1;
          try {
            const answer = await client.request(`${name}/ask`, question, {
              qos: 1,
              timeout: 20_000,
            });
            if (answer.text() !== question) throw new Error(`${question} got ${answer.text()}`);
            counts.answers += 1;
          } catch (error) {
            // A request is asked once; the answer may have met a fault as the question may.
            if (/** @type {any} */ (error).code !== "request-timeout") throw error;
            counts.late += 1;
          }
        }).finally(() => {
          asking = false;
        });
      }, PERIODS.requests),
    ];
  },

  /** No more; gives the last number. */
  stop() {
    for (const timer of timers) clearInterval(timer);
    return last;
  },

  report() {
    const received = series.map((each) => each.report());
    const { inFlight, queuedMessages } = client.stats();
    const { state } = client;
    return { ...counts, open, last, received, inFlight, queuedMessages, failures, state };
  },

  end() {
    return client.end();
  },
};

Object.assign(globalThis, { soak });
