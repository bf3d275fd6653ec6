/** Options as users give them, checked by name and range, as the engine takes them. */

import type { Answer } from "./credentials.js";
import { MqttError } from "./errors.js";
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

function optional<T>(value: T | undefined, convert: (value: T) => unknown): unknown {
  return value === undefined ? undefined : convert(value);
}

/** Names and values in turn, as the engine takes them. */
function pairs(name: string, properties: UserProperties | undefined): unknown {
  if (properties !== undefined && !Array.isArray(properties)) {
    throw new MqttError("option-invalid", { detail: `${name} must be an array of pairs` });
  }
  return (properties ?? []).flatMap(([key, value]) => [
    wellFormed(key, name),
    wellFormed(value, name),
  ]);
}

/** What both a message and a will can carry. */
type MessageOptions = Pick<
  PublishOptions & Will,
  "messageExpiry" | "contentType" | "responseTopic" | "correlationData" | "userProperties"
> & { payloadIsText?: boolean };

function messageOptions(options: MessageOptions): Record<string, unknown> {
  return {
    messageExpiry: optional(options.messageExpiry, (value) =>
      integer("messageExpiry", value, 0, U32),
    ),
    contentType: optional(options.contentType, (text) => wellFormed(text, "contentType")),
    responseTopic: optional(options.responseTopic, (text) => wellFormed(text, "responseTopic")),
    correlationData: optional(options.correlationData, bytesOf),
    payloadIsText: options.payloadIsText ?? false,
    userProperties: pairs("userProperties", options.userProperties),
  };
}

/** `undefined` for the many publishes without properties. */
export function publishProperties(options: PublishOptions): Record<string, unknown> | undefined {
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
  return some ? messageOptions(options) : undefined;
}

/** Milliseconds until the next attempt, as the application's function says. */
export function checkedDelay(delay: unknown): number {
  return integer("what reconnect gives", delay, 0, TIMER_LIMIT);
}

/** What `end` says: reason code and properties. */
export function lastWords(options: EndOptions): [reason: number, properties: unknown] {
  const { reasonCode = 0, sessionExpiry, reasonString, userProperties } = options;
  const properties = {
    sessionExpiry: optional(sessionExpiry, (value) => seconds("sessionExpiry", value)),
    reasonString: optional(reasonString, (text) => wellFormed(text, "reasonString")),
    userProperties: pairs("userProperties", userProperties),
  };
  return [checkedReason(reasonCode), properties];
}

/** A number that WebAssembly does not make another reason code of. */
export function checkedReason(reasonCode: unknown): number {
  return integer("reasonCode", reasonCode, 0, 255);
}

/** Milliseconds. */
export function checkedTimeout(timeout: unknown): number {
  return integer("timeout", timeout, 1, TIMER_LIMIT);
}

function willOptions(will: Will): Record<string, unknown> {
  return {
    topic: wellFormed(will.topic, "will.topic"),
    payload: bytesOf(will.payload ?? ""),
    qos: checkedQoS(will.qos ?? 0),
    retain: will.retain ?? false,
    delay: optional(will.delay, (value) => integer("will.delay", value, 0, U32)),
    ...messageOptions(will),
  };
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

/** Options whose credentials are what goes into the first CONNECT. */
export type EngineOptions = Omit<ConnectOptions, "username" | "password"> &
  Answer & { ask: boolean; serverCount: number };

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

/** What the engine's constructor takes. */
export function engineOptions(options: EngineOptions): Record<string, unknown> {
  const { version = 5 } = options;
  const queue = options.queue ?? {};
  const own = options.reconnect ?? {};
  // A function is asked when the engine has begun to wait.
  const reconnect = typeof own === "function" ? {} : own;
  return {
    clientId: optional(options.clientId, (text) => wellFormed(text, "clientId")),
    version: integer("version", version, 3, 5),
    keepalive: integer("keepalive", options.keepalive ?? 60, 0, 65_535),
    clean: isClean(options),
    sessionExpiry: version === 5 ? seconds("sessionExpiry", sessionExpiry(options)) : 0,
    username: options.username,
    password: options.password,
    ask: options.ask,
    authenticationMethod: optional(options.auth, ({ method }) => wellFormed(method, "auth.method")),
    connectAttempts: integer("connectAttempts", options.connectAttempts ?? 1, 1, U32),
    servers: options.serverCount,
    fallback: Boolean(options.fallback),
    redirects: integer("redirects", options.redirects ?? 0, 0, 255),
    policy: policyBytes(options.policy ?? {}),
    will: optional(options.will, willOptions),
    reconnect:
      reconnect === false
        ? undefined
        : {
            min: integer("reconnect.min", reconnect.min ?? 2_000, 1, TIMER_LIMIT),
            max: integer("reconnect.max", reconnect.max ?? 30_000, 1, TIMER_LIMIT),
            attempts: optional(reconnect.attempts, (value) =>
              integer("reconnect.attempts", value, 1, U32),
            ),
          },
    connectTimeout: integer("connectTimeout", options.connectTimeout ?? 30_000, 1, TIMER_LIMIT),
    maximumPacketSize: integer(
      "maximumPacketSize",
      options.maximumPacketSize ?? PACKET_LIMIT,
      1,
      PACKET_LIMIT,
    ),
    receiveMaximum: integer("receiveMaximum", options.receiveMaximum ?? 65_535, 1, 65_535),
    manualAck: options.manualAck ?? false,
    sendTopicAliases: integer("sendTopicAliases", options.sendTopicAliases ?? 16, 0, 65_535),
    topicAliasMaximum: integer("topicAliasMaximum", options.topicAliasMaximum ?? 16, 0, 65_535),
    lowerQos: Boolean(options.lowerQos),
    queueMessages: integer("queue.messages", queue.messages ?? 100_000, 1, U32),
    queueBytes: integer("queue.bytes", queue.bytes ?? 64 * 1024 * 1024, 1, U32),
    queuePolicy: oneOf("queue.policy", QUEUE_POLICIES, queue.policy ?? "reject"),
    userProperties: pairs("userProperties", options.userProperties),
    requestProblemInformation: options.requestProblemInformation,
    requestResponseInformation: options.requestResponseInformation,
    keepWhenPutAway: keepWhenPutAway(options.pageHide),
  };
}

function keepWhenPutAway(pageHide: ConnectOptions["pageHide"] = "close"): boolean {
  if (pageHide !== "close" && pageHide !== "keep") {
    throw new MqttError("option-invalid", { detail: "pageHide must be close or keep" });
  }
  return pageHide === "keep";
}

/** What SUBSCRIBE and UNSUBSCRIBE can carry; `undefined` for the many that carry nothing. */
export function subscribeProperties(
  options: Pick<SubscribeOptions, "subscriptionIdentifier" | "userProperties">,
): Record<string, unknown> | undefined {
  const { subscriptionIdentifier, userProperties } = options;
  if (subscriptionIdentifier === undefined && userProperties === undefined) {
    return undefined;
  }
  return {
    subscriptionIdentifier: optional(subscriptionIdentifier, (value) =>
      integer("subscriptionIdentifier", value, 1, IDENTIFIER_LIMIT),
    ),
    userProperties: pairs("userProperties", userProperties),
  };
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
