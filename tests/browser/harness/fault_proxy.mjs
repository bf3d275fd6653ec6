// @ts-check
// A proxy in front of a broker that plays a script of faults on each connection: on TCP, in the opening handshake, in
// the frames of the WebSocket, and in one case in the packets. What is to happen when is the script's; the proxy writes
// down what has happened.

import net from "node:net";
import { Arrivals } from "./arrivals.mjs";
import { listenInFrontOf, reset } from "./sockets.mjs";
import { carriesData, FrameReader, frameBytes, PacketBoundaries } from "./websocket_frames.mjs";

/** @typedef {import("./random.mjs").Random} Random */
/** @typedef {import("./websocket_frames.mjs").Frame} Frame */

/**
 * What happens while a connection opens: `refuse` resets it at once, `mute` accepts it and says nothing ever,
 * `request` and `response` reset it in the middle of the request or of the answer to it, `connack` between CONNECT and
 * CONNACK.
 * @typedef {"refuse" | "mute" | "request" | "response" | "connack"} OpeningFault
 */

/**
 * What happens to a connection that stands. `reset` and `end` are the two ends of TCP; `truncate` ends it within the
 * next frame to either side; `half-open` forwards nothing any more and never closes; `stall` holds everything back for a
 * while; `deaf-client` and `deaf-server` lose what is sent to the one or the other for a while and reset then;
 * `corrupt-packet` makes the next packet to the client one of type 0, `corrupt-frame` the next frame to it one of
 * an unknown kind.
 * @typedef {"reset" | "end" | "truncate" | "half-open" | "stall" | "deaf-client" | "deaf-server" | "corrupt-packet"
 *   | "corrupt-frame"} StandingFault
 */

/** @typedef {{ kind: StandingFault, after: number, lasts?: number }} Fault `after` and `lasts` in milliseconds */

/**
 * How a connection is all the time.
 * @typedef {object} Shape
 * @property {number} [delay] milliseconds each way
 * @property {number} [jitter] up to so many more; the order stays
 * @property {boolean} [split] a WebSocket message becomes several
 * @property {boolean} [merge] several become one
 */

/** @typedef {{ opening?: OpeningFault, shape?: Shape, faults?: Fault[] }} Script of one connection */

/** Who hears the data of a connection, from either side. @typedef {Record<"client" | "server", (bytes: Buffer) => void>} Ears */

/** When the server's side of a half-open connection goes, in milliseconds: some never give up waiting for a request. */
const FORGOTTEN = 3_000;

/** How long messages are held for others to be merged with. */
const MERGE_WINDOW = 12;

/** One direction of a connection. */
class Flow {
  #reader = new FrameReader();
  #boundaries = new PacketBoundaries();
  #pending = Buffer.alloc(0);
  /** @type {NodeJS.Timeout | undefined} */
  #flush;
  /** Without bytes it is the end. @type {{ bytes: Buffer | undefined, due: number }[]} */
  #queue = [];
  /** @type {NodeJS.Timeout | undefined} */
  #release;
  #lastDue = 0;
  held = false;
  /** What comes is lost. */
  deaf = false;
  /** Bytes that may still pass, then the connection ends. */
  budget = Number.POSITIVE_INFINITY;
  /** @type {"corrupt-packet" | "corrupt-frame" | undefined} */
  corruption;
  /** Hears all data that comes, whatever becomes of it. @type {((bytes: Buffer) => void) | undefined} */
  hear;
  /** Called with the first data. @type {(() => boolean) | undefined} whether it may pass */
  onFirstData;

  /**
   * @param {net.Socket} to @param {boolean} fromClient @param {Shape} shape @param {Random} random
   * @param {{ cutShort(): void, corrupted(kind: StandingFault): void }} link
   */
  constructor(to, fromClient, shape, random, link) {
    this.to = to;
    this.fromClient = fromClient;
    this.shape = shape;
    this.random = random;
    this.link = link;
  }

  /** @param {Buffer} bytes */
  take(bytes) {
    if (this.deaf && !this.hear) return;
    const { head, frames } = this.#reader.read(bytes);
    for (const frame of frames) if (carriesData(frame)) this.hear?.(frame.payload);
    if (this.deaf) return;
    // The frames of a compressed connection could not be taken apart.
    if (head) this.#later(Buffer.from(head.replace(/^sec-websocket-extensions:.*\r\n/im, "")));
    for (const frame of frames) {
      if (!carriesData(frame)) {
        this.#flushPending();
        this.#later(frameBytes(frame, this.fromClient));
        continue;
      }
      if (this.onFirstData && !this.onFirstData()) return;
      this.onFirstData = undefined;
      this.#pending = Buffer.concat([this.#pending, frame.payload]);
      if (this.shape.merge) {
        this.#flush ??= setTimeout(() => this.#flushPending(), this.random.below(MERGE_WINDOW));
      } else {
        this.#flushPending();
      }
    }
  }

  #flushPending() {
    clearTimeout(this.#flush);
    this.#flush = undefined;
    const payload = this.#corrupt(this.#pending);
    this.#pending = Buffer.alloc(0);
    for (let at = 0; at < payload.length; ) {
      const most = payload.length - at;
      const size = this.shape.split ? this.random.between(1, Math.min(most, 200)) : most;
      this.#message(payload.subarray(at, at + size));
      at += size;
    }
  }

  /** @param {Buffer} payload */
  #corrupt(payload) {
    const whole = this.#boundaries.isBetween && payload.length > 0;
    this.#boundaries.pass(payload);
    if (this.corruption !== "corrupt-packet" || !whole) return payload;
    this.corruption = undefined;
    this.link.corrupted("corrupt-packet");
    const corrupt = Buffer.from(payload);
    corrupt.writeUInt8(0, 0);
    return corrupt;
  }

  /** @param {Buffer} payload */
  #message(payload) {
    const bytes = frameBytes({ opcode: 2, payload }, this.fromClient);
    if (this.corruption === "corrupt-frame") {
      this.corruption = undefined;
      this.link.corrupted("corrupt-frame");
      bytes.writeUInt8(0x83, 0);
    }
    this.#later(bytes);
  }

  /** Nothing comes any more; what is under way still arrives. */
  finish() {
    if (this.deaf) {
      this.to.destroy();
    } else {
      this.#flushPending();
      this.#later(undefined);
    }
  }

  /** @param {Buffer | undefined} bytes */
  #later(bytes) {
    const { delay = 0, jitter = 0 } = this.shape;
    const wanted = performance.now() + delay + (jitter > 0 ? this.random.below(jitter) : 0);
    this.#lastDue = Math.max(this.#lastDue, wanted);
    this.#queue.push({ bytes, due: this.#lastDue });
    this.pump();
  }

  /** Sends what is due. */
  pump() {
    clearTimeout(this.#release);
    for (let next = this.#queue[0]; next && !this.held && !this.deaf; next = this.#queue[0]) {
      const early = next.due - performance.now();
      if (early > 0) {
        this.#release = setTimeout(() => this.pump(), early);
        return;
      }
      this.#queue.shift();
      this.#write(next.bytes);
    }
  }

  /** @param {Buffer | undefined} bytes */
  #write(bytes) {
    if (!bytes) {
      this.to.end();
      return;
    }
    this.to.write(bytes.subarray(0, this.budget));
    this.budget -= bytes.length;
    if (this.budget > 0) return;
    this.deaf = true;
    this.link.cutShort();
  }

  stop() {
    this.deaf = true;
    clearTimeout(this.#flush);
    clearTimeout(this.#release);
  }
}

/** One connection. */
class Link {
  /** @type {Set<NodeJS.Timeout>} */
  #timers = new Set();
  #gone = false;
  #halfOpen = false;
  /** @type {net.Socket | undefined} */
  #server;
  /** @type {Flow[]} */
  #flows = [];

  /**
   * @param {net.Socket} client @param {URL} target @param {Script} script @param {Random} random
   * @param {(kind: string) => void} happened @param {() => void} ended
   * @param {Ears | undefined} ears
   */
  constructor(client, target, script, random, happened, ended, ears) {
    this.client = client;
    this.random = random;
    this.happened = happened;
    this.ended = ended;
    const { opening, shape = {}, faults = [] } = script;
    client.on("error", () => {});
    client.setNoDelay(true);
    if (opening === "refuse" || opening === "mute") {
      happened(opening);
      client.on("close", ended);
      client.resume();
      if (opening === "refuse") reset(client);
      return;
    }
    const server = net.connect(Number(target.port), target.hostname);
    this.#server = server;
    server.setNoDelay(true);
    server.on("error", () => {});
    const toServer = new Flow(server, true, shape, random, this);
    const toClient = new Flow(client, false, shape, random, this);
    this.#flows = [toServer, toClient];
    toServer.hear = ears?.client;
    toClient.hear = ears?.server;
    client.on("data", (bytes) => toServer.take(bytes));
    server.on("data", (bytes) => toClient.take(bytes));
    // The other side of a half-open connection never hears that this one is gone.
    client.on("close", () => this.#halfOpen || this.#closed(toServer));
    server.on("close", () => this.#halfOpen || this.#closed(toClient));
    if (opening === "request") this.#cutShortAs(toServer, "request", random.between(1, 100));
    if (opening === "response") this.#cutShortAs(toClient, "response", random.between(1, 60));
    if (opening === "connack") {
      toClient.onFirstData = () => {
        happened("connack");
        this.reset();
        return false;
      };
    }
    for (const fault of faults) this.#after(fault.after, () => this.inflict(fault));
  }

  /** What happens when a budget is used up. @type {() => void} */
  cutShort = () => {};

  /** @param {Flow} flow @param {OpeningFault} kind @param {number} bytes */
  #cutShortAs(flow, kind, bytes) {
    flow.budget = bytes;
    this.cutShort = () => {
      this.happened(kind);
      this.reset();
    };
  }

  /** @param {StandingFault} kind */
  corrupted(kind) {
    this.happened(kind);
  }

  /** @param {number} delay @param {() => void} act */
  #after(delay, act) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delay);
    this.#timers.add(timer);
  }

  /** @param {Fault} fault */
  inflict({ kind, lasts = 0 }) {
    const [toServer, toClient] = this.#flows;
    if (this.#gone || this.#halfOpen || !toServer || !toClient) return;
    switch (kind) {
      case "reset":
        this.happened(kind);
        this.reset();
        break;
      case "end":
        this.happened(kind);
        this.end();
        break;
      case "truncate": {
        const flow = this.random.chance(50) ? toServer : toClient;
        flow.budget = this.random.between(1, 40);
        this.cutShort = () => {
          this.happened(kind);
          this.end();
        };
        break;
      }
      case "half-open":
        this.happened(kind);
        this.#halfOpen = true;
        toServer.stop();
        toClient.stop();
        this.#after(FORGOTTEN, () => reset(this.#server));
        break;
      case "stall":
        this.happened(kind);
        this.#hold(true);
        this.#after(lasts, () => this.#hold(false));
        break;
      case "deaf-client":
      case "deaf-server":
        this.happened(kind);
        (kind === "deaf-client" ? toClient : toServer).stop();
        this.#after(lasts, () => this.reset());
        break;
      case "corrupt-packet":
      case "corrupt-frame":
        toClient.corruption = kind;
        break;
    }
  }

  /** @param {boolean} held */
  #hold(held) {
    for (const flow of this.#flows) {
      flow.held = held;
      flow.pump();
    }
  }

  /** As a network that goes away would. */
  reset() {
    this.#finish();
    reset(this.client);
    reset(this.#server);
  }

  /** What was passed on so far arrives. */
  end() {
    this.#finish();
    this.client.end();
    this.#server?.end();
  }

  /** One side is gone. @param {Flow} toOther */
  #closed(toOther) {
    toOther.finish();
    if (this.client.destroyed && this.#server?.destroyed) {
      this.#finish();
      this.ended();
    }
  }

  #finish() {
    this.#gone = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const flow of this.#flows) flow.stop();
  }
}

export class FaultProxy {
  /** @type {Set<Link>} */
  #links = new Set();
  #listener;
  #target;
  #next;
  #random;
  /** Each fault that has taken place. @type {Arrivals<string>} */
  happened = new Arrivals();
  /** Asked at each connection for who hears what is said on it. @type {(() => Ears) | undefined} */
  hear;
  url = "";

  /**
   * @param {string} target URL of the broker @param {Random} random
   * @param {() => Script} next the script of each connection
   */
  constructor(target, random, next) {
    this.#target = new URL(target);
    this.#random = random;
    this.#next = next;
    this.#listener = net.createServer((client) => this.#accept(client));
  }

  /** @param {string} target @param {Random} random @param {() => Script} next */
  static async start(target, random, next) {
    const proxy = new FaultProxy(target, random, next);
    proxy.url = await listenInFrontOf(proxy.#listener, target);
    return proxy;
  }

  /** @param {net.Socket} client */
  #accept(client) {
    const happened = (/** @type {string} */ kind) => this.happened.push(kind);
    const ended = () => this.#links.delete(link);
    const link = new Link(
      client,
      this.#target,
      this.#next(),
      this.#random,
      happened,
      ended,
      this.hear?.(),
    );
    this.#links.add(link);
  }

  /** One more fault, on the connections that stand. @param {Fault} fault */
  inflict(fault) {
    for (const link of this.#links) link.inflict(fault);
  }

  async stop() {
    for (const link of this.#links) link.reset();
    await new Promise((resolve) => this.#listener.close(() => resolve(undefined)));
  }
}
