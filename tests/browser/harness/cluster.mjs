// @ts-check
// A cluster of RabbitMQ 4 on this machine, started through `xtask broker rabbitmq-cluster`.

import { launched } from "./launching.mjs";
import { XtaskServer } from "./xtask.mjs";

const PATIENCE = 300_000;

export class Cluster {
  /** WebSocket URLs of the nodes. */
  urls;
  /** URLs of their plain MQTT listeners. */
  tcpUrls;
  #server;

  /** @param {XtaskServer} server @param {number} nodes */
  constructor(server, nodes) {
    this.#server = server;
    this.urls = server.ready.slice(0, nodes);
    this.tcpUrls = server.ready.slice(nodes);
  }

  /** @param {number} nodes */
  static async start(nodes) {
    const args = ["broker", "rabbitmq-cluster", "--nodes", String(nodes)];
    const start = () => XtaskServer.start(args, PATIENCE);
    // It ends by itself when its time is over.
    return new Cluster(await launched("a cluster", start, 2 * PATIENCE), nodes);
  }

  /** As a power failure would. @param {number} node counted from 0 */
  async kill(node) {
    await this.#server.tell(`kill ${node + 1}`, "KILLED", PATIENCE);
  }

  /** @param {number} node that was killed */
  async launch(node) {
    await this.#server.tell(`start ${node + 1}`, "STARTED", PATIENCE);
  }

  async stop() {
    await this.#server.stop();
  }
}
