// @ts-check
// One conversation with a server, the same in a window, in a worker and in a shared worker.

// @ts-expect-error: an address on the test's own site, not a file
import * as webmqtt from "/pkg/dist/index.js";

/** @param {string} url */
export async function talk(url) {
  const client = await webmqtt.createClient(url, { clientId: "talker", keepalive: 60 });
  /** @type {string[]} */
  const states = [];
  client.on("state", (/** @type {any} */ { state }) => states.push(state));
  await client.connect();
  /** @type {Promise<any>} */
  const first = new Promise((resolve) => {
    client.subscribe("in/#", { qos: 1 }, resolve);
  });
  const published = await client.publish("out", "question", { qos: 1 });
  const { topic, qos, payload } = await first;
  const refused = await client.publish("a/#", "x").catch((/** @type {any} */ error) => error.code);
  await client.end();
  return {
    published: { qos: published.qos, reasonCode: published.reasonCode },
    received: { topic, qos, text: new TextDecoder().decode(payload) },
    refused,
    states,
  };
}
