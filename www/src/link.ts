/** The client of one connection. The only file that makes one of the package for it, or ends it. */

import {
  type Client,
  type ConnectionInfo,
  type ConnectOptions,
  createClient,
  type FilterOptions,
  type MessageHandler,
  type Payload,
  type PublishOptions,
  type PublishResult,
  type ServerUrl,
  type State,
  type Stats,
  type Subscription,
} from "webmqtt";
import { explain } from "./errors.js";
import { t } from "./language.js";
import { Outbox, type RestoredPublish } from "./outbox.js";
import { Signal } from "./signal.js";

export interface LinkStatus {
  readonly state: State;
  /** Number of the attempt since the last connection. */
  readonly attempt: number;
  /** With `waiting`: when the next attempt comes, in milliseconds since the epoch. */
  readonly nextTryAt: number | undefined;
  readonly cause: unknown;
  readonly url: string;
  readonly info: ConnectionInfo | undefined;
}

/** What a state event tells, as far as the page has one. */
interface Happening {
  attempt?: number;
  delay?: number;
  cause?: unknown;
}

export class Link {
  readonly status = new Signal<LinkStatus>();
  /** What went wrong that no call of the page reports. */
  readonly failed = new Signal<unknown>();
  /** Milliseconds until a message of QoS 1 or 2 was acknowledged. */
  readonly acknowledged = new Signal<number>();
  /** A client was made, which knows no subscription yet. */
  readonly renewed = new Signal<void>();
  /** What an earlier page has left is known, or something became of it. */
  readonly restoredChanged = new Signal<void>();
  readonly outbox = new Outbox();
  #client: Client | undefined;
  /** Ends the making of a client, which can wait for another tab. */
  #making: AbortController | undefined;
  /** Counts `open` and `close`: what an earlier one still does is void. */
  #turn = 0;
  #url = "";
  #server: ServerUrl = "";
  #options: ConnectOptions = {};
  #now: LinkStatus = {
    state: "idle",
    attempt: 0,
    nextTryAt: undefined,
    cause: undefined,
    url: "",
    info: undefined,
  };
  #restored: RestoredPublish[] = [];
  published = 0;

  /** Whether there is a client that takes calls, connected or not. */
  get open(): boolean {
    return this.#client !== undefined;
  }

  get stats(): Stats | undefined {
    return this.#client?.stats();
  }

  /** What works and should not be so. */
  get warnings(): Client["warnings"] {
    return this.#client?.warnings ?? [];
  }

  /** Publishes of an earlier page that were not settled when it went away, and what has become of them. */
  get restored(): readonly RestoredPublish[] {
    return this.#restored;
  }

  /** What `status` told last. */
  get now(): LinkStatus {
    return this.#now;
  }

  get connected(): boolean {
    return this.#now.state === "connected";
  }

  /** Where the connection goes, and with what. */
  get access(): { url: string; server: ServerUrl; options: ConnectOptions } {
    return { url: this.#url, server: this.#server, options: this.#options };
  }

  /** Whether it is connected, or trying to be. */
  get live(): boolean {
    return this.#now.state !== "idle" && this.#now.state !== "closed";
  }

  /** `server`: what gives the URL for each attempt; `url` is what is shown. */
  async connect(url: string, options: ConnectOptions, server: ServerUrl = url): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    await this.#end();
    // Something else was asked for meanwhile.
    if (turn !== this.#turn) {
      return;
    }
    this.#url = url;
    this.#server = server;
    this.#options = options;
    this.#report("connecting", { attempt: 1 });
    const making = new AbortController();
    this.#making = making;
    try {
      const client = await createClient(server, { ...options, signal: making.signal });
      if (turn !== this.#turn) {
        await client.end({ force: true });
        return;
      }
      this.#making = undefined;
      this.#client = client;
      this.#wire(client);
      this.#restore(client);
      this.renewed.emit();
      await client.connect();
    } catch (error) {
      if (turn !== this.#turn) {
        return;
      }
      if (!this.#client) {
        this.#report("idle", { cause: error });
      }
      this.failed.emit(error);
    }
  }

  #wire(client: Client): void {
    client.on("state", (event) => {
      // That it is connected is told by the next event, together with what the broker said.
      if (client === this.#client && event.state !== "connected") {
        this.#report(event.state, event);
      }
    });
    client.on("connect", (info) => {
      if (client === this.#client) {
        this.#report("connected", {}, info);
      }
    });
    client.on("error", (error) => this.failed.emit(error));
  }

  /** Notes what came out of the store, and listens for what becomes of it. */
  #restore(client: Client): void {
    this.outbox.clear();
    // Those in flight have left before those that wait.
    const left = [...client.restored].sort((one, other) => Number(other.sent) - Number(one.sent));
    this.#restored = left.map(({ topic, qos, sent, result }, index) => {
      const settled = this.outbox.add({ topic, qos, since: undefined });
      const become = (state: RestoredPublish["state"], words = "") => {
        settled();
        if (client === this.#client) {
          this.#restored[index] = { topic, qos, state, words };
          this.restoredChanged.emit();
        }
      };
      result.then(
        () => become("arrived"),
        (error) => become("failed", explain(error).message),
      );
      return { topic, qos, state: sent ? "sent" : "waits", words: "" };
    });
    this.restoredChanged.emit();
  }

  /** Ends the client, or the attempt to make one. */
  async disconnect(): Promise<void> {
    this.#turn += 1;
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#making?.abort();
    this.#making = undefined;
    const client = this.#client;
    if (!client) {
      if (this.live) {
        this.#report("closed", {});
      }
      return;
    }
    try {
      await client.end();
    } catch (error) {
      this.failed.emit(error);
    }
    if (client === this.#client) {
      this.#client = undefined;
      this.#report("closed", {});
    }
  }

  /** Does not wait for the time of the next attempt. */
  retry(): void {
    // How it ends is told by the events.
    this.#client?.connect().catch(() => {});
  }

  /** There is a network again. */
  wake(): void {
    this.#client?.wake({ network: true });
  }

  #report(state: State, event: Happening, info?: ConnectionInfo): void {
    const { attempt, delay, cause } = event;
    this.#now = {
      state,
      attempt: attempt ?? 0,
      nextTryAt: state === "waiting" ? Date.now() + (delay ?? 0) : undefined,
      cause,
      url: this.#url,
      info,
    };
    this.status.emit(this.#now);
  }

  #taking(): Client {
    if (!this.#client) {
      throw new Error(t("Connect first."));
    }
    return this.#client;
  }

  subscribe(
    filter: string,
    options: FilterOptions,
    handler: MessageHandler,
  ): Promise<Subscription> {
    return this.#taking().subscribe(filter, options, handler);
  }

  async publish(topic: string, payload: Payload, options: PublishOptions): Promise<PublishResult> {
    const begun = performance.now();
    // What had to wait for the connection tells nothing of it.
    const timed = this.connected && (options.qos ?? 0) > 0;
    const client = this.#taking();
    const { qos = 0 } = options;
    const settled = this.outbox.add({ topic, qos, since: Date.now() });
    const result = await client.publish(topic, payload, options).finally(settled);
    this.published += 1;
    if (timed) {
      this.acknowledged.emit(performance.now() - begun);
    }
    return result;
  }

  /** Has the broker delete what it keeps for this topic. */
  async forget(topic: string): Promise<void> {
    const qos = this.#taking().connection?.maximumQoS === 0 ? 0 : 1;
    await this.publish(topic, "", { qos, retain: true });
  }
}
