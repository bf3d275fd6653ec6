/**
 * The client: promises, listeners and subscriptions around one engine.
 *
 * It decides nothing about the protocol; what a packet means was decided before a record came here.
 */

import { answered, filterResults, refusal } from "./answers.js";
import { Credentials, valuesOf } from "./credentials.js";
import { type Disposal, disposeWith } from "./disposal.js";
import { type Endpoint, elsewhere, isPlain, type Server, withoutQuery } from "./endpoint.js";
import { Command, type Engine, type Module, NOTHING } from "./engine.js";
import {
  type ErrorDetails,
  engineError,
  excerpt,
  MqttError,
  type MqttErrorCode,
} from "./errors.js";
import type { Held } from "./held.js";
import { guarded, Listeners } from "./listeners.js";
import type { Message } from "./message.js";
import {
  checkedDelay,
  checkedQoS,
  checkedReason,
  checkedTimeout,
  checkReading,
  engineOptions,
  lastWords,
  optionByte,
  PACKET_LIMIT,
  publishProperties,
  subscribeProperties,
} from "./options.js";
import { type Piece, packed } from "./packed.js";
import { Page } from "./page.js";
import { type RecordReader, readRecords } from "./records.js";
import { Subscription } from "./subscription.js";
import { bytesOf, optionalBytes, wellFormed } from "./text.js";
import type {
  AuthenticationExchange,
  ConnectChanges,
  ConnectionInfo,
  ConnectOptions,
  EndOptions,
  EventMap,
  FilterRequest,
  MessageHandler,
  Payload,
  PublishOptions,
  PublishResult,
  QoS,
  ReconnectFunction,
  RequestOptions,
  RestoredPublish,
  State,
  StateEvent,
  Stats,
  SubscribeOptions,
  UnsubscribeOptions,
  UnsubscribeResult,
  WaitOptions,
} from "./types.js";
import {
  abortable,
  notAborted,
  type PendingSubscribe,
  type PendingUnsubscribe,
  stoppable,
  type Waiter,
  Waiters,
} from "./waiting.js";

const STATES: readonly State[] = [
  "idle",
  "connecting",
  "connected",
  "waiting",
  "closing",
  "closed",
];

export interface Client extends Disposal {}

/** A client: one session with a broker, over one connection after the other. `connect` or `createClient` make it. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor defines what is merged
export class Client {
  /** Given back to WebAssembly when the client has closed. */
  #engine: Engine | undefined;
  readonly #page: Page;
  #clientId: string;
  readonly #servers: readonly Server[];
  /** Of each server the URL; empty until a function was asked for it. */
  readonly #urls: string[];
  #url: string | undefined;
  /** Which server has its turn. */
  #turn = 0;
  readonly #delay: ReconnectFunction | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #credentials: Credentials;
  #state: State = "idle";
  #connection: ConnectionInfo | undefined;
  /** The engine's numbers are in it when they were asked for. */
  readonly #stats = { messagesIn: 0, messagesOut: 0, connections: 0 } as Stats;
  #connecting: Waiter<ConnectionInfo>[] = [];
  readonly #tries: number;
  /** How many attempts may fail before whoever connects hears of it. */
  #triesLeft = 0;
  /** Until the end of a turn in which `state` is not what it is in the engine. */
  #behind: Promise<void> | undefined;
  #announce: (() => void) | undefined;
  #ending: (() => void)[] = [];
  /** Who waits until it is a good time to publish. */
  readonly #writers: Waiter<void>[] = [];
  /** That of the last publish, which the engine has. */
  #topic = "";
  readonly #publishes = new Waiters<Waiter<PublishResult>>();
  readonly #requests = new Waiters<Waiter<Message>>();
  readonly #subscribes = new Waiters<PendingSubscribe>();
  readonly #reauthentications = new Waiters<Waiter<void>>();
  readonly #unsubscribes = new Waiters<PendingUnsubscribe>();
  readonly #held: Held | undefined;
  /**
   * With `store`: the publishes of an earlier page that were not settled when it went away. They go on by themselves once
   * the client connects.
   */
  readonly restored: readonly RestoredPublish[];
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #listeners = new Listeners();

  /** @internal Use `connect` or `createClient`. */
  static made(module: Module, endpoint: Endpoint, options: ConnectOptions, held?: Held): Client {
    return new Client(module, endpoint, options, held);
  }

  private constructor(module: Module, endpoint: Endpoint, options: ConnectOptions, held?: Held) {
    const servers = endpoint.urls;
    const urls = servers.map((server) => (typeof server === "function" ? "" : server));
    this.#servers = servers;
    this.#urls = urls;
    this.#delay = typeof options.reconnect === "function" ? options.reconnect : undefined;
    this.#held = held;
    this.#signal = options.signal;
    this.#tries = options.connectAttempts ?? 1;
    this.#credentials = new Credentials(
      options.username ?? endpoint.username,
      options.password ?? endpoint.password,
      options.auth,
    );
    const values = valuesOf(this.#credentials);
    const engine = engineOptions({
      ...options,
      ...held?.options,
      username: values?.username,
      password: values?.password,
      ask: !values || options.auth !== undefined || urls.includes(""),
      urls,
    });
    if (!options.webSocket && !("WebSocket" in globalThis)) {
      throw new MqttError("option-invalid", {
        detail: "there is no WebSocket here: give webSocket",
      });
    }
    const reader = this.#reader();
    const Given = options.webSocket;
    const opener = (url: string, subprotocol: string) => {
      if (!Given) {
        return new WebSocket(url, subprotocol);
      }
      const socket = new Given(url, subprotocol) as WebSocket;
      // Where errors are thrown that nobody listens for, this one must not be.
      socket.addEventListener("error", () => {});
      return socket;
    };
    this.#page = new Page(
      opener,
      (batch) => readRecords(batch, reader),
      (ops) => held?.write(ops),
    );
    try {
      this.#engine = new module.Engine(engine, this.#page);
      this.#page.attach(this.#engine);
      this.#clientId = this.#engine.status().clientId;
    } catch (thrown) {
      throw engineError(thrown);
    }
    const holder = { engine: () => this.#engine, publishes: this.#publishes };
    this.restored = held?.attach(holder) ?? [];
    disposeWith(this, () => this.end());
  }

  /** The client id: given, generated, or assigned by the broker. */
  get clientId(): string {
    return this.#clientId;
  }

  /**
   * Where the connection or the attempt goes, or the next one: one of the URLs that were given, or where the broker has
   * sent us. Without the credentials and the query that may have been in it; empty before a function was asked for it.
   */
  get url(): string {
    const { url, reference } = this.#engine?.status() ?? {};
    this.#url = elsewhere(url, reference) ?? this.#url;
    return withoutQuery(this.#url ?? this.#urls[this.#turn] ?? "");
  }

  /** Where the client is in its life; the event `state` tells of changes. */
  get state(): State {
    return this.#state;
  }

  /** Numbers for a status line or a report, as they are now; nothing is counted for them but a few sums. */
  stats(): Stats {
    const { clientId, url, reference, ...numbers } = this.#engine?.status() ?? {};
    return { ...Object.assign(this.#stats, numbers) };
  }

  /**
   * What works and still should not be so, as errors with a remedy: `url-plain` if the messages leave this computer without
   * TLS. Nothing is written to the console.
   */
  get warnings(): readonly MqttError[] {
    return isPlain(this.url) ? [new MqttError("url-plain")] : [];
  }

  /** What the broker said when it accepted the last connection. */
  get connection(): ConnectionInfo | undefined {
    return this.#connection;
  }

  /**
   * Connects, or tries again at once instead of waiting. Rejects if the first attempt fails, or as many as
   * `connectAttempts` says; what is queued stays queued, and `connect()` can be called again.
   */
  connect(changes: ConnectChanges = {}): Promise<ConnectionInfo> {
    if (this.#behind) {
      return this.#behind.then(() => this.connect(changes));
    }
    return new Promise((resolve, reject) => {
      const signal = changes.signal ?? this.#signal;
      notAborted(signal);
      this.#credentials.replace(changes, ({ username, password }) =>
        this.#run(Command.SetCredentials, 0, 0, packed([username, password])),
      );
      this.#run(Command.Connect);
      this.#triesLeft = this.#state === "idle" ? this.#tries : 1;
      if (this.#state === "connected" && this.#connection) {
        resolve(this.#connection);
        return;
      }
      const stop = () => this.#leave(Command.Stop);
      this.#connecting.push(abortable({ resolve, reject }, signal, stop));
    });
  }

  /**
   * Authenticates once more over the standing connection, with the option `auth`. Everything else goes on meanwhile.
   * If it fails, the connection ends.
   */
  reauthenticate({ signal }: WaitOptions = {}): Promise<void> {
    return stoppable(signal, async () => {
      const credentials = this.#credentials;
      let exchange: AuthenticationExchange | undefined;
      try {
        exchange = await credentials.begin({ refused: false });
      } catch (cause) {
        throw new MqttError("authentication", { cause });
      }
      notAborted(signal);
      const token = this.#run(
        Command.Reauthenticate,
        0,
        0,
        packed([optionalBytes(exchange?.data)]),
      );
      credentials.exchange = exchange;
      return new Promise((resolve, reject) => {
        this.#reauthentications.set(token, { resolve, reject });
      });
    });
  }

  /**
   * Publishes a message. QoS 0 resolves when the message is handed to the browser, QoS 1 and 2 when the broker has
   * acknowledged it. Without a connection it waits in the queue.
   */
  publish(
    topic: string,
    payload: Payload = "",
    options: PublishOptions = {},
  ): Promise<PublishResult> {
    return this.#send(this.#publishes, topic, payload, options, options.timeout);
  }

  /**
   * MQTT 5: sends a request and gives the response to it, the message that somebody sends with `respond()` or the like.
   * Responses come to a topic of this client's own, `webmqtt/{clientId}/reply` or what `requestResponseInformation`
   * gave, for which it subscribes with the first request. Rejects with code `request-timeout` if there is none in time.
   */
  async request(
    topic: string,
    payload: Payload = "",
    options: RequestOptions = {},
  ): Promise<Message> {
    return this.#send(this.#requests, topic, payload, options, options.timeout ?? 10_000);
  }

  /** MQTT 5: answers a message that has a response topic, with its correlation data. */
  async respond(
    request: Message,
    payload: Payload = "",
    options: Omit<PublishOptions, "correlationData"> = {},
  ): Promise<PublishResult> {
    const { responseTopic, correlationData } = request.properties;
    if (responseTopic === undefined) {
      throw new MqttError("no-response-topic");
    }
    return this.publish(responseTopic, payload, {
      ...options,
      ...(correlationData && { correlationData }),
    });
  }

  #send<T>(
    waiters: Waiters<Waiter<T>>,
    topic: string,
    payload: Payload,
    options: PublishOptions,
    timeout: number | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal, lowerQos, retain } = options;
      notAborted(signal);
      const bytes = bytesOf(payload);
      const properties = publishProperties(options);
      const another = topic === this.#topic ? undefined : wellFormed(topic, "topic");
      const qos = checkedQoS(options.qos ?? 0);
      if (bytes.length > PACKET_LIMIT) {
        throw new MqttError("packet-too-large", { detail: "no MQTT packet holds 256 MiB" });
      }
      const time = timeout === undefined ? 0 : checkedTimeout(timeout);
      const isRequest = (waiters as unknown) === this.#requests;
      const lower = lowerQos === undefined ? 0 : lowerQos ? 24 : 16;
      const flags = qos | (retain ? 4 : 0) | lower | (properties ? 32 : 0);
      const engine = this.#open();
      let token: number;
      try {
        const given = properties ? packed([properties, bytes]) : bytes;
        token = engine.publish(another, given, flags, isRequest ? time : 0);
        this.#topic = topic;
        if (token < 0) {
          throw token;
        }
      } catch (thrown) {
        throw engineError(thrown, excerpt(topic));
      }
      if (time && !isRequest) {
        this.#run(Command.GiveTime, token, time);
      }
      const waiter = { resolve, reject };
      const cancel = () => this.#engine?.run(Command.Cancel, token, 0, NOTHING);
      waiters.set(token, signal ? abortable(waiter, signal, cancel) : waiter);
    });
  }

  /**
   * Subscribes to one filter or several, which can have options of their own. With a handler, it is called for each
   * message; without one, read the subscription with `for await`. Resolves when the broker has granted at least one
   * filter. The library subscribes again after a connection whose session the broker lost.
   */
  subscribe(
    filter: string | FilterRequest | readonly (string | FilterRequest)[],
    options?: SubscribeOptions | MessageHandler,
    handler?: MessageHandler,
  ): Promise<Subscription> {
    if (typeof options === "function") {
      return this.subscribe(filter, {}, options);
    }
    const settings = options ?? {};
    return new Promise((resolve, reject) => {
      const wanted = [filter ?? []]
        .flat()
        .map((one) => (typeof one === "string" ? { filter: one } : one));
      const filters = wanted.map((one) => wellFormed(one?.filter, "filter"));
      const { signal } = settings;
      notAborted(signal);
      const asked: Piece[] = wanted.map((one) => [optionByte({ ...settings, ...one }), one.filter]);
      const properties = subscribeProperties(settings);
      checkReading(settings);
      const time = settings.timeout === undefined ? undefined : checkedTimeout(settings.timeout);
      const detail = excerpt(filters.join(", "));
      const token = this.#run(Command.Subscribe, 0, 0, packed([properties, asked]), detail);
      const key = this.#run(Command.LastKey);
      if (time !== undefined) {
        this.#run(Command.GiveTime, token, time);
      }
      let leaving: Promise<UnsubscribeResult> | undefined;
      const unsubscribe = (options: UnsubscribeOptions = {}) =>
        stoppable(options.signal, () => {
          const properties = subscribeProperties(options);
          leaving ??= this.#unsubscribe(key, properties);
          return leaving;
        });
      // Nobody waits for this promise: the broker's refusal to unsubscribe is of no interest then.
      const abort = () => void unsubscribe().catch(() => {});
      signal?.addEventListener("abort", abort, { once: true });
      const forget = () => signal?.removeEventListener("abort", abort);
      const slow = (subscription: Subscription) =>
        this.#listeners.tell("slow", { subscription, dropped: subscription.dropped });
      const subscription = new Subscription(filters, settings, handler, unsubscribe, forget, slow);
      this.#subscriptions.set(key, subscription);
      // What the signal does is said above.
      const waiter = abortable({ resolve, reject }, signal, () => {});
      this.#subscribes.set(token, { ...waiter, subscription, key });
    });
  }

  /**
   * Tells that the page woke up: a waiting client tries again at once, a connected one asks the broker for a sign of
   * life. In a window the client hears of it by itself; in a worker the page has to forward its events `resume`,
   * `visibilitychange` and, with `network: true`, `online`.
   */
  wake({ network = false }: { network?: boolean } = {}): void {
    this.#engine?.run(Command.Wake, 0, Number(network), NOTHING);
  }

  /** Says DISCONNECT and stays away until `wake()`. For workers, when their page goes into the back/forward cache. */
  suspend(): void {
    this.#leave(Command.Suspend);
  }

  /** What leads away from a connection is heard of in a microtask; who connects meanwhile means the next one. */
  #leave(command: Command): void {
    if (this.#engine) {
      this.#engine.run(command, 0, 0, NOTHING);
      this.#behind = Promise.resolve().then(() => {
        this.#behind = undefined;
      });
    }
  }

  /**
   * Ends a subscription, or every subscription of this client that has exactly this filter. The broker hears of it when
   * nobody else here uses the filter. Rejects if it refused all of them.
   */
  async unsubscribe(
    target: Subscription | string,
    options?: UnsubscribeOptions,
  ): Promise<UnsubscribeResult> {
    if (typeof target !== "string") {
      return target.unsubscribe(options);
    }
    const all = [...this.#subscriptions.values()].filter(({ filters }) => filters.includes(target));
    const ended = await Promise.all(all.map((subscription) => subscription.unsubscribe(options)));
    return { ...ended.at(-1), results: ended.flatMap(({ results }) => results) };
  }

  #unsubscribe(key: number, properties: Uint8Array): Promise<UnsubscribeResult> {
    const subscription = this.#subscriptions.get(key);
    if (!subscription) {
      return Promise.resolve({ results: [] });
    }
    // If it is refused here, nothing has ended, and it can be tried again.
    const token = this.#run(Command.Unsubscribe, key, 0, packed([properties]));
    this.#subscriptions.delete(key);
    subscription.finish();
    return new Promise((resolve, reject) => {
      this.#unsubscribes.set(token, { resolve, reject, filters: subscription.filters });
    });
  }

  /** Listens to an event. Gives a function that removes the listener. */
  on<K extends keyof EventMap>(
    name: K,
    listener: (event: EventMap[K]) => void,
    { signal }: { signal?: AbortSignal } = {},
  ): () => void {
    if (name === "error") {
      this.#held?.listening((error) => this.#listeners.tell("error", error));
    }
    return this.#listeners.add(name, listener, signal);
  }

  /**
   * Whether this is a good time to publish: no more than 1 MiB waits to be sent. A publish is queued either way, up to
   * the limits of `queue`.
   */
  get writable(): boolean {
    return this.#engine?.run(Command.Writable, 0, 0, NOTHING) === 1;
  }

  /** Resolves when `writable` is true. Rejects with code `closed` if the client ends before. */
  ready({ signal }: WaitOptions = {}): Promise<void> {
    return stoppable(
      signal,
      () =>
        new Promise((resolve, reject) => {
          this.#open();
          if (this.writable) {
            resolve();
          } else {
            this.#writers.push({ resolve, reject });
          }
        }),
    );
  }

  /** Resolves when every publish so far is settled, however it ended. */
  drain({ signal }: WaitOptions = {}): Promise<void> {
    return stoppable(signal, () => this.#publishes.drained());
  }

  /**
   * Ends the client for good: what can leave leaves, then DISCONNECT, and the broker has a second to close. What is
   * still open rejects with code `closed`. With `force` the connection is cut, and the broker publishes the will.
   * Rejects, and ends nothing, if the options say what cannot be said.
   */
  end(options: EndOptions = {}): Promise<void> {
    return stoppable(
      options.signal,
      () =>
        new Promise((resolve) => {
          if (this.#state === "closed") {
            resolve();
            return;
          }
          const [reasonCode, properties] = lastWords(options);
          this.#run(Command.End, options.force ? 1 : 0, reasonCode, properties);
          this.#ending.push(resolve);
          this.#finishSubscriptions();
        }),
    );
  }

  #open(): Engine {
    if (!this.#engine) {
      throw new MqttError("closed");
    }
    return this.#engine;
  }

  /** Has the engine do something. What it throws, or gives below zero, becomes an error of ours. */
  #run(command: Command, number = 0, other = 0, bytes = NOTHING, detail?: string): number {
    try {
      const answer = this.#open().run(command, number, other, bytes);
      if (answer < 0) {
        throw answer;
      }
      return answer;
    } catch (thrown) {
      throw engineError(thrown, detail);
    }
  }

  /** Nothing is delivered any more, not even from the batch that is being read. */
  #finishSubscriptions(): void {
    for (const subscription of this.#subscriptions.values()) {
      subscription.finish(true);
    }
    this.#subscriptions.clear();
  }

  /** Gives the engine's memory back, after what it has queued for this turn. */
  #release(): void {
    this.stats();
    this.#engine = undefined;
    queueMicrotask(() => this.#page.release());
  }

  #reader(): RecordReader {
    return {
      topics: [],
      onMessage: (message, keys) => {
        this.#stats.messagesIn += 1;
        if (typeof keys === "number") {
          this.#deliver(message, keys);
          return;
        }
        message.share(keys.length);
        for (const key of keys) {
          this.#deliver(message, key);
        }
      },
      acknowledge: (token, reasonCode) => {
        if (this.#engine) {
          const reason = checkedReason(reasonCode);
          this.#run(Command.Ack, token, reason, undefined, "reasonCode");
        }
      },
      onState: (state, code, reasonCode, words, given, attempt, close, server, opened) => {
        const next = STATES[state] as State;
        const cause =
          code === undefined
            ? undefined
            : this.#cause(code, { ...words, reasonCode, close }, opened);
        const delay = given === undefined ? undefined : this.#ownDelay(given, attempt, cause);
        this.#turn = server;
        const announce = this.#enter(next, attempt, delay, cause);
        // What the broker said comes with the next record: listeners find it in `connection`.
        if (next === "connected") {
          this.#announce = announce;
        } else {
          announce();
        }
      },
      onConnected: (connection) => {
        this.#connection = connection;
        this.#stats.connectedSince = Date.now();
        this.#stats.connections += 1;
        this.#clientId = connection.clientId;
        this.#announce?.();
        this.#announce = undefined;
        for (const { resolve } of this.#connecting.splice(0)) {
          resolve(connection);
        }
        this.#listeners.tell("connect", connection);
      },
      onPublished: (token, code, reasonCode, words, qos) => {
        const waiter = this.#publishes.take(token);
        if (!waiter && code !== undefined && this.#held) {
          // Of an earlier page, and over before there was anybody to ask.
          const error = new MqttError(code, { ...words, reasonCode });
          this.#listeners.tell("error", error);
        }
        if (code === undefined) {
          this.#stats.messagesOut += 1;
          waiter?.resolve(
            answered<PublishResult>({ qos, reasonCode: reasonCode as number }, words),
          );
        } else {
          waiter?.reject(new MqttError(code, { ...words, reasonCode }));
        }
      },
      onResponse: (token, message) => {
        this.#requests.take(token)?.resolve(message);
      },
      onRequestFailed: (token, code, reasonCode, words) => {
        this.#requests.take(token)?.reject(new MqttError(code, { ...words, reasonCode }));
      },
      onSubscribed: (token, words, values) => {
        const pending = this.#subscribes.take(token);
        if (!pending) {
          return;
        }
        const { subscription, key } = pending;
        const results = filterResults(subscription.filters, words, values).map((result) =>
          result.error ? result : { ...result, qos: result.reasonCode as QoS },
        );
        subscription.results = results;
        answered(subscription.answer, words);
        const refused = refusal(results);
        if (refused) {
          this.#subscriptions.delete(key);
          subscription.finish();
          pending.reject(refused);
        } else {
          pending.resolve(subscription);
        }
      },
      onUnsubscribed: (token, words, values) => {
        const waiter = this.#unsubscribes.take(token);
        const results = filterResults(waiter?.filters ?? [], words, values);
        const refused = refusal(results);
        // With the client its subscriptions have ended, too.
        if (refused && refused.code !== "closed") {
          waiter?.reject(refused);
        } else {
          waiter?.resolve(answered<UnsubscribeResult>({ results }, words));
        }
      },
      onWarning: (code, reasonCode, filter) =>
        this.#listeners.tell(
          "error",
          (code === "store" && this.#held?.error()) || new MqttError(code, { reasonCode, filter }),
        ),
      onPrepare: (refused) => {
        const credentials = this.#credentials;
        const turn = this.#turn;
        void credentials.run(
          () => credentials.prepare({ refused }, this.#servers[turn], this.#urls[turn]),
          ({ username, password, exchange, url }) => {
            if (url !== undefined) {
              this.#run(Command.GoTo, 0, 0, packed([url]));
              this.#urls[turn] = url;
            }
            const data = optionalBytes(exchange?.data);
            this.#run(Command.Prepared, 0, 0, packed([username, password, data]));
            credentials.exchange = exchange;
          },
          () => this.#run(Command.PreparationFailed),
        );
      },
      onAuthentication: (done, data) =>
        void this.#credentials.run(
          () => this.#credentials.respond(done, data),
          (answer) => this.#run(Command.Authenticate, 0, 0, packed([answer])),
          () => this.#run(Command.AuthenticationFailed),
        ),
      onReauthenticated: (token, code, reasonCode) => {
        const waiter = this.#reauthentications.take(token);
        if (code === undefined) {
          waiter?.resolve();
        } else {
          waiter?.reject(this.#failed(code, { reasonCode }));
        }
      },
      onWritable: () => {
        for (const { resolve } of this.#writers.splice(0)) {
          resolve();
        }
      },
    };
  }

  #deliver(message: Message, key: number): void {
    const subscription = this.#subscriptions.get(key);
    // A handler that throws had it, too.
    let taken = subscription !== undefined;
    guarded(() => {
      taken = subscription?.deliver(message) ?? false;
    });
    // What comes in after the end was called for stays with the broker, for the next client of the session.
    if (!taken && this.#ending.length === 0) {
      message.drop();
    }
  }

  #cause(code: MqttErrorCode, details: ErrorDetails, opened: boolean): MqttError {
    const connecting = opened ? "connack" : code === "credentials" ? code : "open";
    const phase = this.#state === "connecting" ? connecting : "connected";
    const error = this.#failed(code, { ...details, phase });
    this.#credentials.failure = undefined;
    return error;
  }

  /** If the application's part in it failed, what that threw is the cause. */
  #failed(code: MqttErrorCode, details: ErrorDetails): MqttError {
    const { failure } = this.#credentials;
    const ours = (code === "credentials" || code === "authentication") && failure !== undefined;
    return new MqttError(code, { ...details, ...(ours && { cause: failure }) });
  }

  /** The delay that the application wants instead, if it has a function for that. */
  #ownDelay(given: number, attempt: number, cause: MqttError | undefined): number {
    let delay = given;
    guarded(() => {
      const wanted = this.#delay?.(attempt, cause);
      if (wanted === false) {
        this.#engine?.run(Command.Stop, 0, 0, NOTHING);
      } else if (wanted !== undefined) {
        delay = checkedDelay(wanted);
        this.#engine?.run(Command.RetryAfter, delay, 0, NOTHING);
      }
    });
    return delay;
  }

  /** Gives the call that tells the listeners. */
  #enter(
    state: State,
    attempt: number,
    delay: number | undefined,
    cause: MqttError | undefined,
  ): () => void {
    const previous = this.#state;
    this.#state = state;
    this.#credentials.moveOn();
    // Attempts that failed are told to whoever asked for them, also when others will follow.
    const tried = state === "waiting" && --this.#triesLeft <= 0;
    if (state === "idle" || state === "closed" || tried) {
      const error = cause ?? new MqttError("closed");
      for (const { reject } of this.#connecting.splice(0)) {
        reject(error);
      }
    }
    if (state === "closed") {
      for (const { reject } of this.#writers.splice(0)) {
        reject(new MqttError("closed"));
      }
      this.#finishSubscriptions();
      this.#release();
      this.#held?.close();
    }
    const url = withoutQuery(this.#urls[this.#turn] ?? "");
    const event: StateEvent = {
      state,
      previous,
      attempt,
      ...(cause && { cause }),
      ...(delay !== undefined && { delay }),
      ...(url && { url }),
    };
    return () => {
      this.#listeners.tell("state", event);
      if (state === "closed") {
        this.#listeners.end();
        for (const resolve of this.#ending.splice(0)) {
          resolve();
        }
      }
    };
  }
}
