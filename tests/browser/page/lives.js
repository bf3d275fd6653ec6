// @ts-check
// Whole lives of clients, from `createClient` to the end, one function for each: what they leave behind is for the tests
// to count. They know the public API of the package and a server that obliges.

// @ts-expect-error: an address on the test's own site, not a file
import * as webmqtt from "/pkg/dist/index.js";
// @ts-expect-error: the same
import { scramSha256 } from "/pkg/dist/scram.js";

/** @param {any} error */
const codeOf = (error) => error.code;

/** @param {number} ms */
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A signal that outlives everything. */
const kept = new AbortController();

const { signal } = kept;

/** Options that let a client wait for as long as it likes. */
const patient = { reconnect: { min: 60_000, max: 60_000 } };

/** How a promise ended, as text. @param {Promise<any>} promise */
const ending = (promise) => promise.then(() => "resolved", codeOf);

const lives = {
  /** @param {string} origin */
  async conversation(origin) {
    const client = await webmqtt.connect(`${origin}/mqtt`);
    let seen = 0;
    await new Promise((resolve) => {
      const handler = () => {
        seen += 1;
        if (seen === 3) resolve(undefined);
      };
      void client.subscribe("t/#", { qos: 2 }, handler);
      for (const qos of [0, 1, 2]) void client.publish("t/x", "x", { qos });
    });
    await client.end();
    return seen;
  },

  /** @param {string} origin */
  async force(origin) {
    const client = await webmqtt.connect(`${origin}/mqtt`);
    const calls = [
      client.publish("t", "x", { qos: 1, timeout: 60_000, signal }),
      client.request("t", "x", { timeout: 60_000, signal }),
      client.subscribe("t", { timeout: 60_000, signal }),
    ].map(ending);
    await client.end({ force: true });
    return Promise.all(calls);
  },

  /** @param {string} origin */
  async neverConnected(origin) {
    const client = await webmqtt.createClient(`${origin}/mqtt`, { signal });
    const calls = [
      client.publish("t", "x", { qos: 1, timeout: 60_000, signal }),
      client.request("t", "x", { timeout: 60_000, signal }),
      client.subscribe("t", { timeout: 60_000, signal }),
    ].map(ending);
    await client.end();
    return Promise.all(calls);
  },

  /** @param {string} origin */
  async endedWhileConnecting(origin) {
    const client = await webmqtt.createClient(`${origin}/silent`, { signal });
    const connecting = ending(client.connect());
    await delay(100);
    await client.end();
    return connecting;
  },

  /** @param {string} origin */
  async endedWhileWaiting(origin) {
    const client = await webmqtt.createClient(`${origin}/drop`, { reconnect: () => 60_000 });
    const connecting = await ending(client.connect());
    await client.end();
    return connecting;
  },

  /** @param {string} origin */
  async endedWhileAsking(origin) {
    const password = () => new Promise(() => {});
    const client = await webmqtt.createClient(`${origin}/mqtt`, { password });
    const connecting = ending(client.connect());
    await delay(50);
    await client.end();
    return connecting;
  },

  /** @param {string} origin */
  refused: (origin) => ending(webmqtt.connect(`${origin}/refuse`, patient)),

  /** @param {string} origin */
  dropped: (origin) => ending(webmqtt.connect(`${origin}/drop`, patient)),

  /** @param {string} origin */
  unanswered: (origin) =>
    ending(webmqtt.connect(`${origin}/silent`, { ...patient, connectTimeout: 200 })),

  unreachable: () => ending(webmqtt.connect("ws://127.0.0.1:1/", patient)),

  malformed: () => ending(webmqtt.connect("http:/")),

  /** @param {string} origin */
  impossible: (origin) => ending(webmqtt.connect(`${origin}/mqtt`, { keepalive: -1, signal })),

  /** @param {string} origin */
  async aborted(origin) {
    const aborter = new AbortController();
    const connecting = ending(webmqtt.connect(`${origin}/silent`, { signal: aborter.signal }));
    await delay(100);
    aborter.abort();
    return connecting;
  },

  /** @param {string} origin */
  async signals(origin) {
    const client = await webmqtt.connect(`${origin}/mqtt`, { signal });
    client.on("state", () => {}, { signal });
    const read = await client.subscribe("t", { signal, timeout: 60_000 });
    await client.publish("t", "x", { qos: 2, signal, timeout: 60_000 });
    for await (const message of read) {
      void message;
      break;
    }
    await client.subscribe("u", { signal }, () => {});
    await client.ready({ signal });
    await client.drain({ signal });
    await client.end({ signal });
    return client.state;
  },

  /** @param {string} origin */
  async stored(origin) {
    const all = { clientId: "stored", store: "indexeddb", durability: "strict" };
    const client = await webmqtt.connect(`${origin}/mqtt`, all);
    await client.subscribe("t", { qos: 2 }, () => {});
    for (const qos of [0, 1, 2]) await client.publish("t", "x", { qos });
    void ending(client.publish("t", "under way", { qos: 2 }));
    await client.end();
    return client.state;
  },

  /** @param {string} origin */
  storedRefused: (origin) => ending(webmqtt.connect(`${origin}/refuse`, { store: "indexeddb" })),

  /** @param {string} origin */
  async exclusive(origin) {
    const all = { clientId: "alone", exclusive: true };
    const first = await webmqtt.createClient(`${origin}/mqtt`, { ...all, store: "indexeddb" });
    const aborter = new AbortController();
    const waits = { ...all, exclusive: "wait", signal: aborter.signal };
    const outcomes = [
      ending(webmqtt.connect(`${origin}/mqtt`, all)),
      ending(webmqtt.connect(`${origin}/mqtt`, waits)),
      ending(
        webmqtt
          .connect(`${origin}/mqtt`, { ...all, exclusive: "wait", signal })
          .then((/** @type {any} */ client) => client.end()),
      ),
    ];
    await outcomes[0];
    aborter.abort();
    await outcomes[1];
    await first.end();
    return Promise.all(outcomes);
  },

  /** @param {string} origin */
  async everything(origin) {
    const auth = scramSha256({ username: () => "ann", password: async () => "pencil" });
    const client = await webmqtt.createClient(`${origin}/drop`, {
      servers: [`${origin}/mqtt`],
      auth,
      keepalive: 2,
      clean: false,
      sessionExpiry: 60,
      will: { topic: "will", payload: "gone", delay: 5, userProperties: [["a", "b"]] },
      reconnect: () => 10,
      redirects: 2,
      policy: { 135: "refresh" },
      queue: { messages: 100, policy: "latest-per-topic" },
      manualAck: true,
      pageHide: "keep",
      userProperties: [["a", "b"]],
      requestResponseInformation: true,
      signal,
    });
    const off = client.on("state", () => {});
    client.on("slow", () => {}, { signal });
    client.on("error", () => {});
    const early = client.publish("early", "x", { qos: 1, messageExpiry: 60 });
    await client.connect();
    await early;
    await client.reauthenticate();
    const slow = await client.subscribe("slow", {
      qos: 1,
      highWaterMark: 1,
      subscriptionIdentifier: 7,
    });
    const answered = await client.subscribe("service", { qos: 1 }, (/** @type {any} */ message) => {
      message.ack?.();
      void client.respond(message, "answer");
    });
    const reply = await client.request("service", "question", { qos: 1, timeout: 10_000 });
    for (let n = 0; n < 50; n++) {
      await client.publish("slow", new Uint8Array(1000), {
        qos: n % 3,
        userProperties: [["n", "x"]],
      });
    }
    const unheard = ending(client.request("nobody", "?", { timeout: 100 }));
    const cancelled = new AbortController();
    const publishing = ending(client.publish("t", "x", { qos: 2, signal: cancelled.signal }));
    cancelled.abort();
    await answered.unsubscribe();
    await unheard;
    // Long enough for a PINGREQ.
    await delay(1_600);
    client.suspend();
    client.wake({ network: true });
    await new Promise((resolve) => client.on("connect", resolve));
    await client.publish("again", "x", { qos: 1 });
    off();
    void slow;
    await publishing;
    await client.end({ reasonString: "bye" });
    return [reply.text(), client.state];
  },
};

Object.assign(globalThis, { lives });
