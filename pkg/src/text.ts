/** Text and bytes on their way into the engine. */

import { MqttError } from "./errors.js";
import type { Payload } from "./types.js";

const encoder = new TextEncoder();
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether UTF-8 can express the text. */
export function isWellFormed(text: string): boolean {
  // Newer than the oldest browsers here, and much faster.
  const { isWellFormed } = text as { isWellFormed?: () => boolean };
  return isWellFormed ? isWellFormed.call(text) : !LONE_SURROGATE.test(text);
}

/** Throws on text that UTF-8 cannot express: the engine would see a replacement character instead. */
export function wellFormed(text: string, what: string): string {
  if (typeof text !== "string") {
    throw new MqttError("option-invalid", { detail: `${what} must be a string` });
  }
  if (!isWellFormed(text)) {
    throw new MqttError("topic-surrogate", { detail: what });
  }
  return text;
}

/** WebAssembly would take a text for an array of zeros. */
export function optionalBytes(payload: Payload | undefined): Uint8Array | undefined {
  return payload === undefined ? undefined : bytesOf(payload);
}

/** The bytes of a payload, not copied where possible. */
export function bytesOf(payload: Payload): Uint8Array {
  if (typeof payload === "string") {
    return encoder.encode(payload);
  }
  if (payload instanceof Uint8Array) {
    return payload;
  }
  try {
    if (payload instanceof ArrayBuffer) {
      return new Uint8Array(payload);
    }
    if (ArrayBuffer.isView(payload)) {
      return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
    }
  } catch (cause) {
    throw new MqttError("payload-invalid", { cause, detail: "its memory was given away" });
  }
  throw new MqttError("payload-invalid");
}
