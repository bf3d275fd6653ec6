/** Options as users give them, checked by name and range, as the engine takes them. */

import type { Answer } from "./credentials.js";
import { MqttError } from "./errors.js";
import { type Piece, packed } from "./packed.js";
import { bytesOf, wellFormed } from "./text.js";
import type {
  ConnectOptions,
  EndOptions,
  FilterOptions,
  PolicyClass,
  PublishOptions,
  QoS,
  QueuePolicy,
  SubscribeOptions,
  UserProperties,
  Will,
} from "./types.js";

const U32 = 0xffff_ffff;
/** The largest packet that MQTT can express. */
export const PACKET_LIMIT = 268_435_460;
/** Greater subscription identifiers are the engine's own. */
const IDENTIFIER_LIMIT = 0x7ff_ffff;
/** The longest delay that `setTimeout` keeps. */
const TIMER_LIMIT = 2_147_483_647;

function integer(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    const range = `${min.toLocaleString("en")} to ${max.toLocaleString("en")}`;
    throw new MqttError("option-invalid", { detail: `${name} must be an integer from ${range}` });
  }
  return value;
}

/** Seconds, or for ever. */
function seconds(name: string, value: unknown): number {
  return value === Number.POSITIVE_INFINITY ? U32 : integer(name, value, 0, U32);
}

function text(name: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : wellFormed(value, name);
}

/** A property of MQTT 5 behind its identifier, if it is there. */
function property<T>(id: number, value: T | undefined, check: (value: T) => Piece): Piece[] {
  return value === undefined ? [] : [id, check(value)];
}

/** The properties that name a text. */
function textProperty(id: number, name: string, value: string | undefined): Piece[] {
  return property(id, value, (text) => wellFormed(text, name));
}

function userProperties(properties: UserProperties | undefined): Piece[] {
  const name = "userProperties";
  if (properties !== undefined && !Array.isArray(properties)) {
    throw new MqttError("option-invalid", { detail: `${name} must be an array of pairs` });
  }
  return (properties ?? []).map(([key, value]) => [
    0x26,
    wellFormed(key, name),
    wellFormed(value, name),
  ]);
}

/** What both a message and a will can carry. */
type MessageOptions = Pick<
  PublishOptions & Will,
  "messageExpiry" | "contentType" | "responseTopic" | "correlationData" | "userProperties"
> & { payloadIsText?: boolean };

function messageProperties(options: MessageOptions): Piece[] {
  return [
    options.payloadIsText ? [0x01, 1] : [],
    property(0x02, options.messageExpiry, (value) => integer("messageExpiry", value, 0, U32)),
    textProperty(0x03, "contentType", options.contentType),
    textProperty(0x08, "responseTopic", options.responseTopic),
    property(0x09, options.correlationData, bytesOf),
    userProperties(options.userProperties),
  ];
}

/** `undefined` for the many publishes without properties. */
export function publishProperties(options: PublishOptions): Uint8Array | undefined {
  const {
    messageExpiry,
    contentType,
    responseTopic,
    correlationData,
    payloadIsText,
    userProperties,
  } = options;
  const some =
    messageExpiry !== undefined ||
    contentType !== undefined ||
    responseTopic !== undefined ||
    correlationData !== undefined ||
    payloadIsText ||
    userProperties !== undefined;
  return some ? packed(messageProperties(options)) : undefined;
}

/** Milliseconds until the next attempt, as the application's function says. */
export function checkedDelay(delay: unknown): number {
  return integer("what reconnect gives", delay, 0, TIMER_LIMIT);
}

/** What `end` says: reason code and properties. */
export function lastWords(options: EndOptions): [reason: number, properties: Uint8Array] {
  const { reasonCode = 0, sessionExpiry, reasonString } = options;
  const properties = [
    property(0x11, sessionExpiry, (value) => seconds("sessionExpiry", value)),
    textProperty(0x1f, "reasonString", reasonString),
    userProperties(options.userProperties),
  ];
  return [checkedReason(reasonCode), packed([packed(properties)])];
}

/** A number that WebAssembly does not make another reason code of. */
export function checkedReason(reasonCode: unknown): number {
  return integer("reasonCode", reasonCode, 0, 255);
}

/** Milliseconds. */
export function checkedTimeout(timeout: unknown): number {
  return integer("timeout", timeout, 1, TIMER_LIMIT);
}

function willOptions(will: Will): Piece[] {
  return [
    wellFormed(will.topic, "will.topic"),
    bytesOf(will.payload ?? ""),
    checkedQoS(will.qos ?? 0),
    Boolean(will.retain),
    packed([
      messageProperties(will),
      property(0x18, will.delay, (value) => integer("will.delay", value, 0, U32)),
    ]),
  ];
}

/** QoS 0, 1 or 2 and nothing that a byte would make of another number. */
export function checkedQoS(qos: unknown): QoS {
  if (!(qos === 0 || qos === 1 || qos === 2)) {
    throw new MqttError("option-invalid", { detail: "qos must be 0, 1 or 2" });
  }
  return qos;
}

/** The place of a name in its list. */
export function oneOf(what: string, names: readonly string[], name: string): number {
  const place = names.indexOf(name);
  if (place < 0) {
    throw new MqttError("option-invalid", { detail: `${what} must be one of ${names.join(", ")}` });
  }
  return place;
}

const QUEUE_POLICIES: readonly QueuePolicy[] = [
  "reject",
  "drop-oldest",
  "drop-newest",
  "latest-per-topic",
];

const CLASSES: readonly PolicyClass[] = ["fatal", "retry", "refresh", "redirect"];

/** Pairs of reason code and class. */
function policyBytes(policy: Readonly<Record<number, PolicyClass>>): Uint8Array {
  const bytes = Object.entries(policy).flatMap(([reason, name]) => [
    integer("a reason code of policy", Number(reason), 0x80, 0xff),
    oneOf("a class of policy", CLASSES, name),
  ]);
  return Uint8Array.from(bytes);
}

/** Options whose credentials are what goes into the first CONNECT. `durable` and `records` are those of a store. */
export type EngineOptions = Omit<ConnectOptions, "username" | "password"> &
  Answer & {
    urls: readonly string[];
    ask: boolean;
    /** With a store: how durable it is to be. 1: relaxed, 2: strict. */
    durable?: number;
    /** With a store: what is in it. */
    records?: Uint8Array;
  };

/** Whether the session goes on after its connection. */
export function outlives(options: ConnectOptions): boolean {
  return options.version === 5 || options.version === undefined
    ? sessionExpiry(options) > 0
    : !isClean(options);
}

function isClean({ clean, store }: Pick<ConnectOptions, "clean" | "store">): boolean {
  return Boolean(clean ?? !store);
}

function sessionExpiry(options: Pick<ConnectOptions, "clean" | "store" | "sessionExpiry">): number {
  return options.sessionExpiry ?? (isClean(options) ? 0 : 3600);
}

/** What the engine's constructor takes; `src/js/options.rs` reads it in this order. */
export function engineOptions(options: EngineOptions): Uint8Array {
  const { version = 5, will, urls } = options;
  const queue = options.queue ?? {};
  const own = options.reconnect ?? {};
  // A function is asked when the engine has begun to wait.
  const reconnect = typeof own === "function" ? {} : own;
  const pieces: Piece[] = [
    urls.length,
    urls,
    wellFormed(options.subprotocol ?? (version === 3 ? "mqttv3.1" : "mqtt"), "subprotocol"),
    keepWhenPutAway(options.pageHide),
    integer("version", version, 3, 5),
    text("clientId", options.clientId),
    isClean(options),
    version === 5 ? seconds("sessionExpiry", sessionExpiry(options)) : 0,
    integer("keepalive", options.keepalive ?? 60, 0, 65_535),
    options.username,
    options.password,
    options.ask,
    text("auth.method", options.auth?.method),
    will ? [true, willOptions(will)] : false,
    packed([
      userProperties(options.userProperties),
      property(0x17, options.requestProblemInformation, Boolean),
      property(0x19, options.requestResponseInformation, Boolean),
    ]),
    integer("connectTimeout", options.connectTimeout ?? 30_000, 1, TIMER_LIMIT),
    reconnect !== false && [
      true,
      integer("reconnect.min", reconnect.min ?? 2_000, 1, TIMER_LIMIT),
      integer("reconnect.max", reconnect.max ?? 30_000, 1, TIMER_LIMIT),
      reconnect.attempts === undefined
        ? 0
        : integer("reconnect.attempts", reconnect.attempts, 1, U32),
    ],
    integer("connectAttempts", options.connectAttempts ?? 1, 1, U32),
    urls.length,
    Boolean(options.fallback),
    integer("redirects", options.redirects ?? 0, 0, 255),
    policyBytes(options.policy ?? {}),
    integer("maximumPacketSize", options.maximumPacketSize ?? PACKET_LIMIT, 1, PACKET_LIMIT),
    integer("receiveMaximum", options.receiveMaximum ?? 65_535, 1, 65_535),
    Boolean(options.manualAck),
    integer("topicAliasMaximum", options.topicAliasMaximum ?? 16, 0, 65_535),
    integer("sendTopicAliases", options.sendTopicAliases ?? 16, 0, 65_535),
    Boolean(options.lowerQos),
    integer("queue.messages", queue.messages ?? 100_000, 1, U32),
    integer("queue.bytes", queue.bytes ?? 64 * 1024 * 1024, 1, U32),
    oneOf("queue.policy", QUEUE_POLICIES, queue.policy ?? "reject"),
    options.durable ?? 0,
    options.records,
  ];
  return packed(pieces);
}

function keepWhenPutAway(pageHide: ConnectOptions["pageHide"] = "close"): boolean {
  if (pageHide !== "close" && pageHide !== "keep") {
    throw new MqttError("option-invalid", { detail: "pageHide must be close or keep" });
  }
  return pageHide === "keep";
}

/** What SUBSCRIBE and UNSUBSCRIBE can carry. */
export function subscribeProperties({
  subscriptionIdentifier,
  userProperties: given,
}: Pick<SubscribeOptions, "subscriptionIdentifier" | "userProperties">): Uint8Array {
  return packed([
    property(0x0b, subscriptionIdentifier, (value) =>
      integer("subscriptionIdentifier", value, 1, IDENTIFIER_LIMIT),
    ),
    userProperties(given),
  ]);
}

/** How a subscription without a handler is read. */
export function checkReading({ highWaterMark, overflow }: SubscribeOptions): void {
  if (highWaterMark !== undefined && highWaterMark !== Number.POSITIVE_INFINITY) {
    integer("highWaterMark", highWaterMark, 0, U32);
  }
  if (overflow !== undefined && overflow !== "drop-oldest" && overflow !== "drop-newest") {
    throw new MqttError("option-invalid", {
      detail: "overflow must be drop-oldest or drop-newest",
    });
  }
}

/** The option byte of MQTT 5 SUBSCRIBE, which also says everything that 3.1.1 knows. */
export function optionByte(options: FilterOptions): number {
  const { qos = 0, noLocal, retainAsPublished, retainHandling = 0 } = options;
  if (!(retainHandling === 0 || retainHandling === 1 || retainHandling === 2)) {
    throw new MqttError("option-invalid", { detail: "retainHandling must be 0, 1 or 2" });
  }
  return checkedQoS(qos) | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4);
}
