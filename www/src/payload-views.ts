/** In which ways a payload can be looked at, and how it looks then. */

import type { Message } from "webmqtt";
import { hexDump, indentJson, kindOf, SHOWN, shownText } from "./payload.js";

export type View = "json" | "text" | "hex" | "base64" | "cbor" | "messagepack" | "image";

export const VIEW_NAMES: Record<View, string> = {
  json: "JSON",
  text: "Text",
  hex: "Hex",
  base64: "Base64",
  cbor: "CBOR",
  messagepack: "MessagePack",
  image: "Image",
};

/** Base64 of more would only fill the page. */
const LARGEST_IMAGE = 4 * 1024 * 1024;

/** All of them in the order of their buttons; the first one suits this message best. */
export function viewsOf({ payload, properties }: Message): { views: View[]; best: View } {
  const kind = kindOf(payload);
  const views: View[] = kind === "json" ? ["json", "text"] : ["text"];
  if (imageType(payload)) {
    views.unshift("image");
  }
  views.push("hex", "base64", "cbor", "messagepack");
  const named = byContentType(properties.contentType ?? "");
  const best = kind === "binary" ? (imageType(payload) ? "image" : (named ?? "hex")) : views[0];
  return { views, best: best ?? "text" };
}

function byContentType(contentType: string): View | undefined {
  if (/^application\/(?:\S+\+)?cbor\b/i.test(contentType)) {
    return "cbor";
  }
  return /^application\/(?:x-|vnd\.)?msgpack\b/i.test(contentType) ? "messagepack" : undefined;
}

/** By its first bytes, and only what browsers show as a picture and nothing else. */
export function imageType(payload: Uint8Array): string | undefined {
  if (payload.length > LARGEST_IMAGE) {
    return undefined;
  }
  const head = Array.from(payload.subarray(0, 12), (byte) => String.fromCharCode(byte)).join("");
  if (head.startsWith("\x89PNG\r\n")) {
    return "image/png";
  }
  if (head.startsWith("\xff\xd8\xff")) {
    return "image/jpeg";
  }
  if (/^GIF8[79]a/.test(head)) {
    return "image/gif";
  }
  return /^RIFF.{4}WEBP/s.test(head) ? "image/webp" : undefined;
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  // The arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 0x6000) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + 0x6000)));
  }
  return text;
}

/** The payload as text. Rejects with an error in words if it is not what it is looked at as. */
export async function textIn(view: View, payload: Uint8Array): Promise<string> {
  switch (view) {
    case "hex":
      return hexDump(payload);
    case "base64":
      return base64(payload.subarray(0, SHOWN));
    case "json":
      return indentJson(shownText(payload).text);
    case "cbor":
      return (await import("./cbor.js")).cborText(payload);
    case "messagepack":
      return (await import("./messagepack.js")).messagePackText(payload);
    default:
      return shownText(payload).text;
  }
}
