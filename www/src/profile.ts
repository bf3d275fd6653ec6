/** A stored connection: what its form has, as it was typed, and its subscriptions. Pure. */

import type { QoS } from "webmqtt";
import { t } from "./language.js";

export interface SavedSubscription {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** Index into the palette. */
  readonly colour: number;
  readonly muted: boolean;
}

/** Numbers are text, because an empty field means the package's default. */
export interface Profile {
  id: string;
  name: string;
  /** Index into the palette. */
  colour: string;
  url: string;
  version: string;
  clientId: string;
  auth: string;
  username: string;
  password: string;
  keepPassword: boolean;
  askPassword: boolean;
  awsSessionToken: string;
  awsRegion: string;
  keepalive: string;
  expiry: string;
  clean: boolean;
  store: string;
  receiveMaximum: string;
  maximumPacketSize: string;
  topicAliasMaximum: string;
  sendTopicAliases: string;
  redirects: string;
  connectTimeout: string;
  reconnectMin: string;
  reconnectMax: string;
  reconnectAttempts: string;
  subprotocol: string;
  fallback: boolean;
  lowerQos: boolean;
  requestProblemInformation: boolean;
  requestResponseInformation: boolean;
  userProperties: string;
  willTopic: string;
  willPayload: string;
  willQos: string;
  willRetain: boolean;
  willDelay: string;
  willExpiry: string;
  willContentType: string;
  willResponseTopic: string;
  willCorrelationData: string;
  willIsText: boolean;
  willUserProperties: string;
  subscriptions: readonly SavedSubscription[];
}

export const USUAL: Readonly<Profile> = {
  id: "",
  name: "",
  colour: "0",
  url: "ws://127.0.0.1:9001/mqtt",
  version: "5",
  clientId: "",
  auth: "plain",
  username: "",
  password: "",
  keepPassword: false,
  askPassword: false,
  awsSessionToken: "",
  awsRegion: "",
  keepalive: "",
  expiry: "",
  clean: true,
  store: "",
  receiveMaximum: "",
  maximumPacketSize: "",
  topicAliasMaximum: "",
  sendTopicAliases: "",
  redirects: "",
  connectTimeout: "",
  reconnectMin: "",
  reconnectMax: "",
  reconnectAttempts: "",
  subprotocol: "",
  fallback: false,
  lowerQos: false,
  requestProblemInformation: true,
  requestResponseInformation: false,
  userProperties: "",
  willTopic: "",
  willPayload: "",
  willQos: "0",
  willRetain: false,
  willDelay: "",
  willExpiry: "",
  willContentType: "",
  willResponseTopic: "",
  willCorrelationData: "",
  willIsText: false,
  willUserProperties: "",
  subscriptions: [],
};

export function toQoS(value: unknown): QoS {
  const number = Number(value);
  return number === 1 || number === 2 ? number : 0;
}

function toSubscription(value: unknown): SavedSubscription[] {
  const entry = Object(value) as Record<string, unknown>;
  const { filter, retainHandling, colour } = entry;
  if (typeof filter !== "string") {
    return [];
  }
  return [
    {
      filter,
      qos: toQoS(entry.qos),
      noLocal: entry.noLocal === true,
      retainAsPublished: entry.retainAsPublished === true,
      retainHandling: retainHandling === 1 || retainHandling === 2 ? retainHandling : 0,
      colour: Number.isInteger(colour) ? (colour as number) & 7 : 0,
      muted: entry.muted === true,
    },
  ];
}

export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(36)).join("");
}

/** A profile out of anything, with a new id: what is absent or does not fit becomes usual. */
export function restoreProfile(value: unknown): Profile {
  const stored = Object(value) as Record<string, unknown>;
  const profile: Record<string, unknown> = { ...USUAL };
  for (const [name, usual] of Object.entries(USUAL)) {
    if (typeof stored[name] === typeof usual) {
      profile[name] = stored[name];
    }
  }
  const { subscriptions } = stored;
  return {
    ...(profile as unknown as Profile),
    id: newId(),
    colour: /^[0-7]$/.test(String(stored.colour)) ? String(stored.colour) : "0",
    subscriptions: Array.isArray(subscriptions) ? subscriptions.flatMap(toSubscription) : [],
  };
}

/** What people call it. */
export function titleOf({ name, url }: Pick<Profile, "name" | "url">): string {
  return name.trim() || hostOf(url) || t("New connection");
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
