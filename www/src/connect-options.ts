/** The options of the package out of a stored connection. An empty field is left to the package. Pure. */

import type { ConnectOptions, ProtocolVersion, UserProperties, Will } from "webmqtt";
import { t } from "./language.js";
import { type Profile, toQoS } from "./profile.js";

export function toVersion(value: unknown): ProtocolVersion {
  const number = Number(value);
  return number === 3 || number === 4 ? number : 5;
}

/** One `name=value` a line; what has no `=` is a name without a value. */
export function toUserProperties(lines: string): UserProperties {
  return lines
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    });
}

export function fromUserProperties(properties: UserProperties): string {
  return properties.map(([name, value]) => `${name}=${value}`).join("\n");
}

/** The fields that say something. */
export function given<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""),
  ) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** What is no number goes to the package as it is, whose errors name the option. */
export function numberOf(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text);
}

/** Seconds, or `never`, in the reader's language too. */
export function secondsOf(text: string): number | undefined {
  const said = text.trim().toLowerCase();
  return said === "never" || said === t("never") ? Number.POSITIVE_INFINITY : numberOf(text);
}

export function propertiesOf(lines: string): UserProperties | undefined {
  return lines.trim() === "" ? undefined : toUserProperties(lines);
}

export function bytesOf(text: string): Uint8Array | undefined {
  return text === "" ? undefined : new TextEncoder().encode(text);
}

function will(profile: Profile): Will | undefined {
  if (profile.willTopic === "") {
    return undefined;
  }
  const plain: Will = {
    topic: profile.willTopic,
    payload: profile.willPayload,
    qos: toQoS(profile.willQos),
    retain: profile.willRetain,
  };
  if (toVersion(profile.version) !== 5) {
    return plain;
  }
  return {
    ...plain,
    payloadIsText: profile.willIsText,
    ...given({
      delay: numberOf(profile.willDelay),
      messageExpiry: numberOf(profile.willExpiry),
      contentType: profile.willContentType,
      responseTopic: profile.willResponseTopic,
      correlationData: bytesOf(profile.willCorrelationData),
      userProperties: propertiesOf(profile.willUserProperties),
    }),
  };
}

function onlyVersion5(profile: Profile): ConnectOptions {
  return {
    fallback: profile.fallback && profile.auth !== "scram" && !keepsSession(profile),
    lowerQos: profile.lowerQos,
    requestProblemInformation: profile.requestProblemInformation,
    requestResponseInformation: profile.requestResponseInformation,
    ...given({
      sessionExpiry: secondsOf(profile.expiry),
      receiveMaximum: numberOf(profile.receiveMaximum),
      topicAliasMaximum: numberOf(profile.topicAliasMaximum),
      sendTopicAliases: numberOf(profile.sendTopicAliases),
      redirects: numberOf(profile.redirects),
      userProperties: propertiesOf(profile.userProperties),
    }),
  };
}

/** Whether user name and password are for SCRAM, which only MQTT 5 knows. */
export function usesScram(profile: Profile): boolean {
  return profile.auth === "scram" && toVersion(profile.version) === 5;
}

/** Whether user name and password sign a URL for AWS IoT. */
export function usesAws(profile: Profile): boolean {
  return profile.auth === "aws";
}

/** Whether the session survives a reload of the page. */
export function keepsSession({ store }: Profile): boolean {
  return store === "relaxed" || store === "strict";
}

export function connectOptions(profile: Profile): ConnectOptions {
  const version = toVersion(profile.version);
  const plain = !usesScram(profile) && !usesAws(profile);
  const reconnect = given({
    min: numberOf(profile.reconnectMin),
    max: numberOf(profile.reconnectMax),
    attempts: numberOf(profile.reconnectAttempts),
  });
  return {
    version,
    clean: profile.clean && !keepsSession(profile),
    ...(keepsSession(profile) && {
      store: "indexeddb" as const,
      durability: profile.store === "strict" ? ("strict" as const) : ("relaxed" as const),
    }),
    ...(profile.reconnectAttempts.trim() === "0" ? { reconnect: false } : { reconnect }),
    ...given({
      clientId: profile.clientId,
      username: plain ? profile.username : undefined,
      password: plain ? profile.password : undefined,
      keepalive: numberOf(profile.keepalive),
      maximumPacketSize: numberOf(profile.maximumPacketSize),
      connectTimeout: numberOf(profile.connectTimeout),
      subprotocol: profile.subprotocol,
      will: will(profile),
    }),
    ...(version === 5 ? onlyVersion5(profile) : {}),
  };
}
