/** The fields of the form that publishes, except for topic and payload. */

import type { Draft } from "./draft.js";
import type { Field } from "./field-form.js";
import { QOS } from "./profile-fields.js";

export type DraftValues = Omit<Draft, "topic" | "payload">;

export const DRAFT_FIELDS: readonly Field<keyof DraftValues>[] = [
  {
    name: "format",
    label: "Payload as",
    kind: "select",
    group: "format",
    choices: [
      ["text", "Text"],
      ["json", "JSON"],
      ["hex", "Hex"],
      ["base64", "Base64"],
      ["file", "File"],
    ],
  },
  { name: "qos", label: "QoS", kind: "select", group: "format", choices: QOS },
  { name: "retain", label: "Retain", kind: "check", group: "format" },
  { name: "contentType", label: "Content type", kind: "text", group: "properties", v5: true },
  {
    name: "messageExpiry",
    label: "Expires after (s)",
    kind: "number",
    group: "properties",
    placeholder: "never",
    max: 4_294_967_295,
    v5: true,
  },
  { name: "responseTopic", label: "Response topic", kind: "code", group: "properties", v5: true },
  {
    name: "correlationData",
    label: "Correlation data",
    kind: "code",
    group: "properties",
    v5: true,
  },
  { name: "isText", label: "Mark as UTF-8 text", kind: "check", group: "properties", v5: true },
  {
    name: "lowerQos",
    label: "Lower the QoS to what the broker allows",
    kind: "check",
    group: "properties",
    v5: true,
  },
  {
    name: "userProperties",
    label: "User properties",
    kind: "lines",
    group: "properties",
    placeholder: "name=value, one per line",
    v5: true,
  },
  {
    name: "placeholders",
    label: "Fill in {{count}}, {{now}} and {{random}}",
    kind: "check",
    group: "repeat",
  },
];
