/** A message that is about to be published, as it was typed, and what it becomes. Pure but for the storage. */

import type { Message, PublishOptions } from "webmqtt";
import { bytesOf, fromUserProperties, given, numberOf, propertiesOf } from "./connect-options.js";
import { t } from "./language.js";
import { textOf } from "./payload.js";
import { base64 } from "./payload-views.js";
import { toQoS } from "./profile.js";
import { load, save } from "./storage.js";

export interface Draft {
  topic: string;
  payload: string;
  /** What the payload is typed as: text, json, hex, base64 or file. */
  format: string;
  qos: string;
  retain: boolean;
  /** Whether `{{count}}`, `{{now}}` and `{{random}}` in text and JSON are filled in. */
  placeholders: boolean;
  messageExpiry: string;
  contentType: string;
  responseTopic: string;
  correlationData: string;
  userProperties: string;
  isText: boolean;
  lowerQos: boolean;
}

export const EMPTY: Readonly<Draft> = {
  topic: "",
  payload: "",
  format: "text",
  qos: "0",
  retain: false,
  placeholders: false,
  messageExpiry: "",
  contentType: "",
  responseTopic: "",
  correlationData: "",
  userProperties: "",
  isText: false,
  lowerQos: false,
};

const KEY = "webmqtt.draft";

export function toDraft(value: unknown): Draft {
  const stored = Object(value) as Record<string, unknown>;
  const entries = Object.entries(EMPTY).map(([name, usual]) => [
    name,
    typeof stored[name] === typeof usual ? stored[name] : usual,
  ]);
  return Object.fromEntries(entries) as Draft;
}

export function loadDraft(): Draft {
  return toDraft(load(KEY));
}

export function saveDraft(draft: Draft): void {
  save(KEY, draft);
}

/** A message that came, to be sent again, but not to be stored again. Bytes that are no text come as Base64. */
export function draftOf({ topic, payload, qos, properties }: Message): Draft {
  const text = textOf(payload);
  return {
    ...EMPTY,
    topic,
    qos: String(qos),
    ...(text === undefined
      ? { format: "base64", payload: base64(payload) }
      : { format: "text", payload: text }),
    contentType: properties.contentType ?? "",
    responseTopic: properties.responseTopic ?? "",
    correlationData: (properties.correlationData && textOf(properties.correlationData)) ?? "",
    userProperties: fromUserProperties(properties.userProperties),
    isText: properties.payloadIsText ?? false,
  };
}

/** `{{count}}`, `{{now}}` (milliseconds since 1970) and `{{random}}` (from 0 to 1). */
export function filled(text: string, count: number): string {
  const values: Record<string, () => string> = {
    count: () => String(count),
    now: () => String(Date.now()),
    random: () => Math.random().toFixed(4),
  };
  return text.replace(/\{\{(count|now|random)\}\}/g, (_, name: string) => values[name]?.() ?? "");
}

/** The payload with something as long in the place of each placeholder: what is wrong is at the same place. */
export function held({ payload, placeholders }: Draft): string {
  return placeholders
    ? payload.replace(/\{\{(?:count|now|random)\}\}/g, (name) => "0".padEnd(name.length))
    : payload;
}

/** The payload of all but files. Throws an error in words if it is not what it is typed as. */
export function payloadOf(draft: Draft, count: number): string | Uint8Array {
  const { format } = draft;
  const text = draft.placeholders ? filled(draft.payload, count) : draft.payload;
  if (format === "hex") {
    return hexBytes(draft.payload);
  }
  if (format === "base64") {
    return base64Bytes(draft.payload);
  }
  if (format === "json") {
    try {
      JSON.parse(text);
    } catch (error) {
      throw new Error(t("The payload is no JSON: {why}.", { why: (error as Error).message }));
    }
  }
  return text;
}

function hexBytes(text: string): Uint8Array {
  const digits = text.replace(/[\s:,]|0x/gi, "");
  if (/[^0-9a-f]/i.test(digits) || digits.length % 2 === 1) {
    throw new Error(t("The payload is no hex: two digits for each byte are needed."));
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function base64Bytes(text: string): Uint8Array {
  try {
    const bytes = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
  } catch {
    throw new Error(t("The payload is no Base64."));
  }
}

/** An empty field is left out; so is what only MQTT 5 has with other versions. */
export function publishOptions(draft: Draft, version5: boolean): PublishOptions {
  const options = { qos: toQoS(draft.qos), retain: draft.retain };
  if (!version5) {
    return options;
  }
  return {
    ...options,
    payloadIsText: draft.isText,
    ...(draft.lowerQos ? { lowerQos: true } : {}),
    ...given({
      messageExpiry: numberOf(draft.messageExpiry),
      contentType: draft.contentType,
      responseTopic: draft.responseTopic,
      correlationData: bytesOf(draft.correlationData),
      userProperties: propertiesOf(draft.userProperties),
    }),
  };
}
