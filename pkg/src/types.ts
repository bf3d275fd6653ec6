/**
 * The public types of webmqtt. They are the contract of the package; nothing here runs.
 *
 * Option names follow MQTT.js where the meaning is the same.
 */

import type { MqttError } from "./errors.js";
import type { Message } from "./message.js";
import type { Subscription } from "./subscription.js";

/** Quality of Service: 0 at most once, 1 at least once, 2 exactly once. */
export type QoS = 0 | 1 | 2;

/** Protocol version: 5 (MQTT 5.0), 4 (MQTT 3.1.1) or 3 (MQTT 3.1). */
export type ProtocolVersion = 3 | 4 | 5;

/** What can be sent. A string is sent as UTF-8; an object is never turned into JSON by itself. */
export type Payload = string | Uint8Array | ArrayBuffer | ArrayBufferView;

/** MQTT 5 user properties: pairs in order; a name may occur several times. */
export type UserProperties = ReadonlyArray<readonly [name: string, value: string]>;

/** A message that the broker publishes if this client goes away without saying goodbye. */
export interface Will {
  /** Topic name, without wildcards; at most 65,535 bytes of UTF-8. */
  topic: string;
  /** At most 65,535 bytes. Default: empty. */
  payload?: Payload;
  /** Default 0. */
  qos?: QoS;
  /** The broker keeps it for those who subscribe later. Default false. */
  retain?: boolean;
  /** MQTT 5: seconds the broker waits before it publishes the will, 0 to 4,294,967,295. Default 0. */
  delay?: number;
  /** MQTT 5: what the payload is, mostly a MIME type; at most 65,535 bytes of UTF-8. Default: none. */
  contentType?: string;
  /** MQTT 5: seconds until the message expires, 0 to 4,294,967,295. Default: never. */
  messageExpiry?: number;
  /** MQTT 5: where to send an answer; at most 65,535 bytes of UTF-8. Default: none. */
  responseTopic?: string;
  /** MQTT 5: what the answer has to carry; at most 65,535 bytes. Default: none. */
  correlationData?: Uint8Array;
  /** MQTT 5: tells receivers that the payload is UTF-8 text. Default false. */
  payloadIsText?: boolean;
  /** MQTT 5: for the receivers. Default: none. */
  userProperties?: UserProperties;
}

/** How to come back after the connection was lost. */
export interface ReconnectOptions {
  /** Upper bound of the first delay in milliseconds, 1 to 2,147,483,647. Default 2,000. */
  min?: number;
  /** Upper bound of any delay in milliseconds, 1 to 2,147,483,647. Default 30,000. */
  max?: number;
  /** Give up after this many attempts in a row without a connection, 1 to 4,294,967,295. Default: never. */
  attempts?: number;
}

/**
 * Called with the number of attempts that have failed since the last connection, and why the last one did or the
 * connection ended. Gives the milliseconds until the next attempt, or `false`: then the state is `idle`, with code
 * `aborted`. If it throws, the default delay counts. It is not asked about a first attempt, which `connect()` tells of.
 */
export type ReconnectFunction = (attempt: number, cause: MqttError | undefined) => number | false;

/** What a function that is asked for credentials is told. */
export interface Attempt {
  /** The broker refused the last attempt for its credentials. If they are the same again, it is not tried again. */
  refused: boolean;
}

/**
 * Enhanced authentication (MQTT 5): a method, and how it begins. `webmqtt/scram` has one ready-made.
 */
export interface Authenticator {
  /** Authentication Method, such as `SCRAM-SHA-256`. */
  readonly method: string;
  /**
   * Begins an exchange, before every attempt to connect and for `reauthenticate()`. `undefined` after a refusal means
   * that there is nothing else to offer: the client does not try again.
   */
  start(
    attempt: Attempt,
  ): AuthenticationExchange | undefined | Promise<AuthenticationExchange | undefined>;
}

/** One exchange. What its functions throw ends the connection with code `authentication`; it is the error's cause. */
export interface AuthenticationExchange {
  /** Authentication Data to begin with, at most 65,535 bytes. */
  readonly data?: Uint8Array | undefined;
  /** Answers the broker's Authentication Data. */
  answer(data: Uint8Array | undefined): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** The broker is satisfied. Throws if the broker has not proved who it is; until then nothing counts. */
  finish?(data: Uint8Array | undefined): void | Promise<void>;
}

/** A value, or a function that is asked for it before every attempt to connect. */
export type Asked<T> = T | ((attempt: Attempt) => T | undefined | Promise<T | undefined>);

/**
 * `ws:` or `wss:`; or a function that is asked for it before every attempt, for URLs with a signature that expires. Such
 * a URL is without user name and password. If the function throws, or gives what is no URL for a WebSocket, the attempt
 * fails with code `credentials`, and what went wrong is its cause.
 */
export type ServerUrl = string | URL | ((attempt: Attempt) => string | URL | Promise<string | URL>);

/**
 * What follows when the broker refuses or ends a connection:
 *
 * - `fatal`: nothing until `connect()` is called.
 * - `retry`: the next attempt after a delay.
 * - `refresh`: after a delay the credentials are asked for again; if they are the same, or values and no functions, as
 *   `fatal`.
 * - `redirect`: the server that the broker names is tried at once, as often as `redirects` allows; otherwise as `fatal`.
 */
export type PolicyClass = "fatal" | "retry" | "refresh" | "redirect";

/** What the option `webSocket` takes: the browser's own has this shape, and that of the package `ws`. */
export type WebSocketConstructor = new (url: string, subprotocol: string) => WebSocketLike;

/** The parts of a WebSocket that the client uses, besides the handlers `onopen`, `onmessage`, `onclose` and `onerror`. */
export interface WebSocketLike {
  /** Is set to `arraybuffer`. */
  binaryType: string;
  /** Bytes that were sent and have not left. */
  readonly bufferedAmount: number;
  /** The subprotocol that the server has chosen. */
  readonly protocol: string;
  /** Gets a listener that does nothing: some WebSockets throw an error that nobody listens for. */
  addEventListener(type: "error", listener: () => void): void;
  /** Sends one binary message. It has to copy the bytes: they change when it has returned. */
  send(data: Uint8Array<ArrayBuffer>): void;
  /** Closes without a code. */
  close(): void;
}

/**
 * Which message gives way when the queue is full:
 *
 * - `reject`: none; `publish()` rejects with code `queue-full`.
 * - `drop-oldest`: those that have waited for longest.
 * - `drop-newest`: the one that is published.
 * - `latest-per-topic`: a message gives way to the next one with the same topic, full or not, unless it is a request.
 *   When that is not enough, as `drop-oldest`.
 *
 * A message that gives way rejects with code `dropped`. What is in flight never does.
 */
export type QueuePolicy = "reject" | "drop-oldest" | "drop-newest" | "latest-per-topic";

/** Limits of the queue of publishes. */
export interface QueueOptions {
  /** How many messages, 1 to 4,294,967,295. Default 100,000. */
  messages?: number;
  /** Bytes of their encoded packets, 1 to 4,294,967,295. Default 67,108,864 (64 MiB). */
  bytes?: number;
  /** What happens beyond that. Default `reject`. */
  policy?: QueuePolicy;
}

/** How a client connects and what it promises. What is not an option of MQTT 3.1.1 says so. */
export interface ConnectOptions {
  /**
   * At most 65,535 bytes of UTF-8; many brokers take less. Default: a random one for each client, which suits
   * `clean: true`.
   */
  clientId?: string;
  /** Default 5. */
  version?: ProtocolVersion;
  /**
   * Use MQTT 3.1.1 where the broker refuses MQTT 5, also by closing without a word. It is tried on the first connection,
   * at once; later ones keep the version, which `connection.version` tells. What only MQTT 5 can say is left out of
   * everything then, and the session ends with the connection unless `clean` is false. Not together with `auth`.
   * Default false.
   */
  fallback?: boolean;
  /** Seconds between two packets at most; 0 switches it off. 0 to 65,535. Default 60. */
  keepalive?: number;
  /** Clean Start (5) or Clean Session (3.1.1). Default true; false with `store`. */
  clean?: boolean;
  /**
   * MQTT 5: seconds that the broker keeps the session after the connection is lost, 0 to 4,294,967,294; `Infinity` means
   * for ever. Default 0 when `clean`, else 3,600.
   */
  sessionExpiry?: number;
  /**
   * At most 65,535 bytes of UTF-8. A function is asked before every attempt; if it throws, the attempt fails with code
   * `credentials`. Default: what the URL has, or none.
   */
  username?: Asked<string>;
  /** At most 65,535 bytes. A function is asked before every attempt, for tokens that expire. Default: as `username`. */
  password?: Asked<string | Uint8Array>;
  /** MQTT 5: enhanced authentication. It has `connectTimeout` for the whole exchange. Default: none. */
  auth?: Authenticator;
  /** What the broker publishes if this client goes away without saying goodbye. Default: nothing. */
  will?: Will;
  /**
   * How to come back after a loss: exponential back-off with full jitter. `false`: never reconnect by itself. A function
   * decides each time anew. Default: `{ min: 2_000, max: 30_000 }`.
   */
  reconnect?: ReconnectOptions | ReconnectFunction | false;
  /**
   * How many attempts `connect()` makes before it rejects, 1 to 4,294,967,295, where it makes sense to repeat them: not
   * after a wrong password. The delays between them are those of `reconnect`, the time of all of them is limited by
   * `signal: AbortSignal.timeout(…)`. Default 1.
   */
  connectAttempts?: number;
  /**
   * More servers, without credentials in their URLs. When an attempt fails in a way that makes sense to repeat, the next server
   * is tried at once; when each had its turn, the attempt of `connect()` has failed, or there is a delay. After a loss
   * the server that had the connection is the first again, unless it kept it for less than 20 seconds. Default: none.
   */
  servers?: readonly ServerUrl[];
  /** `random`: the URL and `servers` are tried in an order that each client draws once. Default `given`. */
  serverOrder?: "given" | "random";
  /**
   * Exceptions, by reason code, 128 to 255; with MQTT 3.1.1 by the one that means the same as the return code. Default:
   * 0x86 and 0x87 (credentials) are `refresh`; 0x81, 0x82, 0x84, 0x85, 0x8A, 0x8C, 0x8E, 0x90, 0x95, 0x99 to 0x9B
   * are `fatal`; 0x9C and 0x9D (another server) are `redirect`; all others `retry`.
   */
  policy?: Readonly<Record<number, PolicyClass>>;
  /**
   * MQTT 5: how often in a row to follow a broker that names another server, 0 to 255. It goes there at once and with the
   * same credentials. A name of a host keeps the port and path of the URL, without its query; from wss: it never goes to
   * ws:. "Server moved" counts for all attempts to come, in turn with the URL when one fails there. Default 0: it is an
   * error with `serverReference`.
   */
  redirects?: number;
  /**
   * Milliseconds for an attempt: asking for credentials, opening the WebSocket, getting the CONNACK. 1 to 2,147,483,647.
   * Default 30,000.
   */
  connectTimeout?: number;
  /** WebSocket subprotocol to offer. Default `mqtt`, and `mqttv3.1` for version 3. */
  subprotocol?: string;
  /** For places without a WebSocket of their own, like Node.js 20: that of the package `ws`. Default: the global one. */
  webSocket?: WebSocketConstructor;
  /** The largest packet that the client accepts, in bytes, 1 to 268,435,460. Default 268,435,460 (the protocol's own limit). */
  maximumPacketSize?: number;
  /** MQTT 5: how many QoS 1 and QoS 2 messages the broker may have in flight to us. 1 to 65,535. Default 65,535. */
  receiveMaximum?: number;
  /**
   * Acknowledge messages of QoS 1 and 2 yourself, with `message.ack()`, when they are dealt with. `receiveMaximum` limits
   * how many can be open; the broker sends QoS 1 messages that are not acknowledged again on the next connection.
   * Messages that nobody gets to see, because a subscription ended or its iterator had no room, are acknowledged by
   * themselves. Default false: on delivery.
   */
  manualAck?: boolean;
  /** MQTT 5: how many topic aliases the broker may use; messages arrive with their full topic all the same. 0 to 65,535. Default 16. */
  topicAliasMaximum?: number;
  /**
   * MQTT 5: how many topic aliases to send with, where the broker allows them; the topics that were used last have one.
   * 0 switches it off. 0 to 65,535. Default 16.
   */
  sendTopicAliases?: number;
  /** MQTT 5: publish with the broker's Maximum QoS if the wanted one is higher, instead of refusing. Default false. */
  lowerQos?: boolean;
  /** Limits of the queue that holds publishes while there is no connection or no quota. Default: those of its fields. */
  queue?: QueueOptions;
  /**
   * Keeps the session in IndexedDB, so that it survives a reload: publishes of QoS 1 and 2 that wait or are in flight,
   * which QoS 2 messages have been received, subscriptions. Never in it: user name, password, messages of QoS 0, the will.
   * The next client with the same URL (without its query) and `clientId` goes on with it; without a `clientId` it is the
   * next one of this tab. If the URL is a function, the `clientId` alone names the session. `clean` is false then, and the
   * session has to outlive its connection. Not together with `fallback`. Default: in memory only.
   */
  store?: "indexeddb";
  /**
   * With `store`: `strict` writes to the disk before a message of QoS 1 or 2 leaves, and before an acknowledgement that
   * another page has to know of; `relaxed` sends at once and writes behind, so what happened just before a page or the
   * computer died can be forgotten. Default `relaxed`.
   */
  durability?: "relaxed" | "strict";
  /**
   * Whether this client has its `clientId` alone among the tabs and workers of the site, guarded by a Web Lock until it
   * has ended. `true`: if another one has it, `connect` and `createClient` reject with `client-id-in-use` after two
   * seconds; `"wait"`: they wait until the other one has ended (or its tab is closed), or `signal` is aborted, and go on
   * with its session. Only on https: pages and localhost. Default `true` with `store`, which cannot do without; else `false`.
   */
  exclusive?: boolean | "wait";
  /** MQTT 5: those of CONNECT, for the broker. Default: none. */
  userProperties?: UserProperties;
  /** MQTT 5: whether the broker may add a reason string and user properties to every answer, and not only when it ends the connection. Default true. */
  requestProblemInformation?: boolean;
  /** MQTT 5: asks the broker for `connection.responseInformation`, from which response topics are made. Default false. */
  requestResponseInformation?: boolean;
  /**
   * What happens when the page goes into the back/forward cache. `close`: the client says DISCONNECT, so the broker
   * neither waits nor publishes the will, and connects again when the page comes back. `keep`: nothing; browsers close
   * the WebSocket themselves, and some tell the server only when the page comes back. Default `close`.
   */
  pageHide?: "close" | "keep";
  /** Aborts loading the module and connecting; the call that waits rejects with code `aborted`. Default: none. */
  signal?: AbortSignal;
}

/** What `client.connect()` can change. */
export interface ConnectChanges {
  /** Instead of the one so far. Default: no change. */
  username?: string;
  /** Instead of the one so far, at most 65,535 bytes. Default: no change. */
  password?: string | Uint8Array;
  /** Aborts this connecting. Default: the `signal` that the client was made with. */
  signal?: AbortSignal;
}

/** What a message is published with. */
export interface PublishOptions {
  /** Default 0. */
  qos?: QoS;
  /** MQTT 5: as `lowerQos` of `connect()`, for this message. The result has the QoS that it got. Default: as there. */
  lowerQos?: boolean;
  /** The broker keeps it for those who subscribe later. Default false. */
  retain?: boolean;
  /**
   * MQTT 5: seconds from this call, 0 to 4,294,967,295. A message that has to wait here for longer rejects with code `expired`; one that
   * leaves in time carries what is left. Default: never.
   */
  messageExpiry?: number;
  /** MQTT 5: what the payload is, mostly a MIME type; at most 65,535 bytes of UTF-8. Default: none. */
  contentType?: string;
  /** MQTT 5: where to send an answer; at most 65,535 bytes of UTF-8. Default: none. */
  responseTopic?: string;
  /** MQTT 5: what the answer has to carry; at most 65,535 bytes. Default: none. */
  correlationData?: Uint8Array;
  /** MQTT 5: tells receivers that the payload is UTF-8 text. Default false. */
  payloadIsText?: boolean;
  /** MQTT 5: for the receivers. Default: none. */
  userProperties?: UserProperties;
  /**
   * Milliseconds to wait, 1 to 2,147,483,647, with or without a connection; then it rejects with code `timeout`. A message that has not left
   * never will; one in flight is still completed. Default: for ever.
   */
  timeout?: number;
  /**
   * Stops waiting: the promise rejects with code `aborted`. A packet that is already in flight is still completed.
   * Default: none.
   */
  signal?: AbortSignal;
}

/** What a request can have. Response topic and correlation data are added by the client. */
export interface RequestOptions extends Omit<PublishOptions, "responseTopic" | "correlationData"> {
  /** Milliseconds to wait for the response, 1 to 2,147,483,647, with or without a connection. Default 10,000. */
  timeout?: number;
}

/** What can be said to a call that waits. */
export interface WaitOptions {
  /**
   * Stops waiting: the promise rejects with code `aborted`. What has begun goes on; if it is aborted before the call,
   * nothing begins. Default: none.
   */
  signal?: AbortSignal;
}

/** MQTT 5: what the broker added to its answer. */
export interface Answer {
  /** For people: what happened. */
  reasonString?: string;
  /** Absent if there are none. */
  userProperties?: UserProperties;
}

/** How a publish ended. The words are those of the last acknowledgement. */
export interface PublishResult extends Answer {
  /** The QoS that the broker acknowledged: some brokers answer QoS 2 with QoS 1. */
  qos: QoS;
  /** MQTT 5 reason code of the last acknowledgement: 0, or 16 for "no matching subscribers". */
  reasonCode: number;
}

/** A publish of an earlier page that was not settled. */
export interface RestoredPublish {
  /** Absent if the broker had taken the message already and only the last step of QoS 2 is left. */
  readonly topic?: string;
  /** What it is sent with. */
  readonly qos: QoS;
  /** Whether it left, or may have. If not, it has waited in the queue. */
  readonly sent: boolean;
  /** Settles as the promise of `publish()` would have. Nobody has to listen to it. */
  readonly result: Promise<PublishResult>;
}

/** What one topic filter can have. */
export interface FilterOptions {
  /** Highest QoS to receive with. Default 0. */
  qos?: QoS;
  /** MQTT 5: do not deliver what this client published itself. Default false. */
  noLocal?: boolean;
  /** MQTT 5: keep the retain flag as the publisher set it. Default false. */
  retainAsPublished?: boolean;
  /** MQTT 5: 0 send retained messages, 1 only if the subscription is new, 2 never. Default 0. */
  retainHandling?: 0 | 1 | 2;
}

/** A topic filter with options of its own; what is absent is as for the whole call. */
export interface FilterRequest extends FilterOptions {
  /** Topic filter, with or without wildcards; at most 65,535 bytes of UTF-8. */
  filter: string;
}

/** What all filters of a call have, and how its messages are read. */
export interface SubscribeOptions extends FilterOptions {
  /** MQTT 5: for the broker. It gets them again when the subscription is renewed. Default: none. */
  userProperties?: UserProperties;
  /**
   * MQTT 5: 1 to 134,217,727; messages of this subscription then have it among `properties.subscriptionIdentifiers`.
   * Not needed to tell subscriptions apart: the client does that with identifiers of its own. Default: none.
   */
  subscriptionIdentifier?: number;
  /**
   * Messages that the iterator holds for a slow reader before `overflow` applies: 0 to 4,294,967,295, or `Infinity`.
   * Default 10,000.
   */
  highWaterMark?: number;
  /** Which messages a slow reader loses. Default `drop-oldest`. */
  overflow?: "drop-oldest" | "drop-newest";
  /**
   * Milliseconds to wait for the broker's answer, 1 to 2,147,483,647, with or without a connection; then the subscription ends, and the call
   * rejects with code `timeout`. Default: for ever.
   */
  timeout?: number;
  /**
   * Ends the subscription when aborted. If the broker has not answered by then, `subscribe()` rejects with code `aborted`.
   * Default: none.
   */
  signal?: AbortSignal;
}

/** What the broker said to one filter. */
export interface FilterResult {
  /** As it was asked for. */
  filter: string;
  /** Granted QoS, when subscribing. */
  qos?: QoS;
  /** MQTT 5 reason code; when unsubscribing, 17 for "no subscription existed". Absent if it failed here. */
  reasonCode?: number;
  /** Why it was refused. */
  error?: MqttError;
}

/** How to end a subscription. */
export interface UnsubscribeOptions extends WaitOptions {
  /** MQTT 5: for the broker, if it hears of it because nobody else here uses the filter. Default: none. */
  userProperties?: UserProperties;
}

/** How an unsubscribe ended. */
export interface UnsubscribeResult extends Answer {
  /** In the order of the filters; empty if the subscription had ended before. */
  results: readonly FilterResult[];
}

/** Called for each message of a subscription, in the order of arrival. */
export type MessageHandler = (message: Message) => void;

/**
 * - `idle`: never connected, or stopped by a refusal; `connect()` may be called (again).
 * - `connecting`: opening the WebSocket or waiting for CONNACK.
 * - `connected`
 * - `waiting`: the connection was lost; the next attempt comes after a delay.
 * - `closing`: `end()` was called.
 * - `closed`: ended for good.
 */
export type State = "idle" | "connecting" | "connected" | "waiting" | "closing" | "closed";

/** The `state` event. */
export interface StateEvent {
  /** The state that the client is in now. */
  state: State;
  /** The one before. */
  previous: State;
  /** Why, if something went wrong; with what the broker said about it. */
  cause?: MqttError;
  /** With `waiting`: milliseconds until the next attempt. */
  delay?: number;
  /** Number of the attempt since the last connection, from 1; 0 when a connection was lost and none was made yet. */
  attempt: number;
  /**
   * The URL whose turn it is, of those that were given, without credentials and query; while there is neither connection
   * nor attempt, the next one. Absent before a function was asked for it. Where a broker's redirect leads is in
   * `client.url`.
   */
  url?: string;
}

/** What the broker said in its CONNACK. */
export interface ConnectionInfo {
  /** The broker still had this client's session. */
  sessionPresent: boolean;
  /** The client id in use; the broker may have assigned it. */
  clientId: string;
  /** The protocol of this connection; with `fallback` it can be another than the one asked for. */
  version: ProtocolVersion;
  /** Seconds; the broker may have changed it. */
  keepalive: number;
  /** The highest QoS to publish with. Here and below: the default of the specification where the broker named none. */
  maximumQoS: QoS;
  /** Whether the broker takes retained messages. */
  retainAvailable: boolean;
  /** The largest packet that the broker takes, in bytes. */
  maximumPacketSize: number;
  /** How many publishes of QoS 1 and 2 may be in flight to the broker. */
  receiveMaximum: number;
  /** How many topic aliases the broker takes. */
  topicAliasMaximum: number;
  /** Whether filters may have wildcards. */
  wildcardSubscriptionAvailable: boolean;
  /** Whether subscriptions may have identifiers. */
  subscriptionIdentifiersAvailable: boolean;
  /** Whether filters may begin with `$share/`. */
  sharedSubscriptionAvailable: boolean;
  /** Seconds that the broker keeps the session; it may have changed it. */
  sessionExpiry: number;
  /** MQTT 5, here and below: what else the broker said. */
  reasonString?: string;
  /** What response topics are made from, if `requestResponseInformation` asked for it. */
  responseInformation?: string;
  /** Another server that could be used. */
  serverReference?: string;
  /** Of enhanced authentication: the method, as it was asked for. */
  authenticationMethod?: string;
  /** Of enhanced authentication: what the broker ended the exchange with. */
  authenticationData?: Uint8Array;
  /** Empty if there are none. */
  userProperties: UserProperties;
}

/** Numbers about a client since it was made; `client.stats()` gives them. */
export interface Stats {
  /** Bytes of MQTT packets that were received, over all connections. */
  bytesIn: number;
  /** Bytes of MQTT packets that were handed to the browser, over all connections. */
  bytesOut: number;
  /** Messages that were received for subscriptions, copies that brokers send included. */
  messagesIn: number;
  /** Publishes that have succeeded: handed to the browser with QoS 0, acknowledged with QoS 1 and 2. */
  messagesOut: number;
  /** Publishes of QoS 1 and 2 that were sent and are not acknowledged. */
  inFlight: number;
  /** Publishes that wait to be sent. */
  queuedMessages: number;
  /** Bytes of their encoded packets. */
  queuedBytes: number;
  /**
   * Milliseconds from the last PINGREQ that was answered to its PINGRESP. Pings are sent when nothing else is, after three
   * quarters of `keepalive`, and when the page wakes up. Absent before the first answer.
   */
  roundTrip?: number | undefined;
  /** Connections that were made: one more than there were reconnects. */
  connections: number;
  /** When the last of them was made, in milliseconds as of `Date.now()`. Absent before the first. */
  connectedSince?: number;
}

/** How to end a client. All but `force` and `signal` is MQTT 5, and said only while connected. */
export interface EndOptions extends WaitOptions {
  /** Cuts the connection without a word; the broker publishes the will. Default false. */
  force?: boolean;
  /**
   * Reason code of the DISCONNECT, 0 to 255. With 0 the broker drops the will; with 4, or an error code from 0x80 on
   * that a client may send, it publishes it. Default 0.
   */
  reasonCode?: number;
  /**
   * Seconds that the broker keeps the session from now on, 0 to 4,294,967,294; `Infinity` means for ever. Default: what
   * `connect` said. If that was 0, it cannot be changed.
   */
  sessionExpiry?: number;
  /**
   * For people who read the broker's log; at most 65,535 bytes of UTF-8. Left out, with the user properties, if the broker
   * takes no packet so large. Default: none.
   */
  reasonString?: string;
  /** For the broker's log, too. Default: none. */
  userProperties?: UserProperties;
}

/** The `slow` event. */
export interface SlowEvent {
  /** Whose iterator is not read fast enough; its `dropped` goes on counting. */
  subscription: Subscription;
  /** Messages that it has dropped so far. */
  dropped: number;
}

/** The events that `client.on` takes, and what their listeners get. */
export interface EventMap {
  /** The client is in another state. */
  state: StateEvent;
  /** A connection stands. */
  connect: ConnectionInfo;
  /** Something went wrong that no call could report. */
  error: MqttError;
  /** An iterator has begun to drop messages. It comes again when its reader has caught up in between. */
  slow: SlowEvent;
}
