/** Messages as a file, as JSON or CSV. Pure. */

import type { LogEntry } from "./message-log.js";
import { textOf } from "./payload.js";
import { base64 } from "./payload-views.js";

function contentOf(payload: Uint8Array): { payload: string; encoding: "utf-8" | "base64" } {
  const text = textOf(payload);
  return text === undefined
    ? { payload: base64(payload), encoding: "base64" }
    : { payload: text, encoding: "utf-8" };
}

/** An array; what is no text is Base64, and `encoding` says so. */
export function toJson(entries: Iterable<LogEntry>): string {
  const messages = Array.from(entries, ({ at, message }) => {
    const { correlationData, userProperties, subscriptionIdentifiers, ...properties } =
      message.properties;
    return {
      time: new Date(at).toISOString(),
      topic: message.topic,
      qos: message.qos,
      retain: message.retain,
      dup: message.dup,
      ...contentOf(message.payload),
      properties: {
        ...properties,
        ...(correlationData && { correlationDataBase64: base64(correlationData) }),
        ...(userProperties.length > 0 && { userProperties }),
        ...(subscriptionIdentifiers.length > 0 && { subscriptionIdentifiers }),
      },
    };
  });
  return `${JSON.stringify(messages, null, 1)}\n`;
}

const NUMBER = /^[-+]\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i;

/** RFC 4180. Spreadsheets run text that begins like a formula, so that gets an apostrophe before it. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

export function toCsv(entries: Iterable<LogEntry>): string {
  const lines = ["time,topic,qos,retain,encoding,payload"];
  for (const { at, message } of entries) {
    const { payload, encoding } = contentOf(message.payload);
    const time = new Date(at).toISOString();
    const { topic, qos, retain } = message;
    lines.push([time, topic, String(qos), String(retain), encoding, payload].map(cell).join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}
