/**
 * Payloads that are not bytes yet, and JSON that does not round.
 *
 * ```ts
 * import { parseJson, read } from "webmqtt/payload";
 *
 * await client.publish("camera/7", await read(file, { limit: 1_000_000 }));
 * await client.subscribe("meters/#", (message) => console.log(parseJson(message.text())));
 * ```
 *
 * An MQTT packet says its length before its first byte, so a stream has to be read to its end before it can be sent.
 */

import { MqttError } from "./slim.js";
import type { WaitOptions } from "./types.js";

/** What can be read: a file, the body of a response, anything that comes piece by piece. */
export type Source = Blob | Response | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** How to read. */
export interface ReadOptions extends WaitOptions {
  /** Bytes that may come, 0 to 268,435,460. With more it rejects with a RangeError. Default 16,777,216 (16 MiB). */
  limit?: number;
}

const DEFAULT_LIMIT = 16 * 1024 * 1024;

/** Reads to the end. When it stops before, because of the limit or the signal, the source is cancelled. */
export async function read(
  source: Source,
  { limit = DEFAULT_LIMIT, signal }: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = readerOf(source);
  const { promise: stopped, forget } = abortion(signal);
  try {
    for (;;) {
      const { done, value } = await Promise.race([stopped, reader.read()]);
      if (done || value === undefined) {
        break;
      }
      length += value.byteLength;
      if (length > limit) {
        throw new RangeError(`there are more than ${limit} bytes`);
      }
      pieces.push(value);
    }
  } catch (thrown) {
    // It may have failed by itself, and has nothing more to say about its end.
    Promise.resolve(reader.cancel(thrown)).catch(() => {});
    throw thrown;
  } finally {
    forget();
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

interface Reader {
  read(): Promise<{ done?: boolean | undefined; value?: Uint8Array | undefined }>;
  cancel(reason: unknown): unknown;
}

function readerOf(source: Source): Reader {
  if (source instanceof Blob) {
    return source.stream().getReader();
  }
  if (source instanceof ReadableStream) {
    return source.getReader();
  }
  if (Symbol.asyncIterator in source) {
    const iterator = source[Symbol.asyncIterator]();
    return { read: () => iterator.next(), cancel: () => iterator.return?.() };
  }
  return (source.body ?? new Blob([]).stream()).getReader();
}

/** A promise that can only fail, when the signal is aborted. */
function abortion(signal: AbortSignal | undefined): { promise: Promise<never>; forget(): void } {
  let stop = () => {};
  const promise = new Promise<never>((_, reject) => {
    stop = () => reject(new MqttError("aborted", { cause: signal?.reason }));
    if (signal?.aborted) {
      stop();
    }
    signal?.addEventListener("abort", stop);
  });
  return { promise, forget: () => signal?.removeEventListener("abort", stop) };
}

/** A text or a number, and the colon that makes a name of it. */
const TEXT_OR_NUMBER = /(?:"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(\s*:)?/g;
/** What a text begins with that stands for an integer, as JSON writes it. */
const MARK = "\\u0000";

/**
 * As `JSON.parse`, but integers that a number cannot hold, those beyond ±9,007,199,254,740,991, become BigInts instead of
 * being rounded. What has a fraction or an exponent is a number. Throws a SyntaxError if it is no JSON.
 */
export function parseJson<T = unknown>(text: string): T {
  const marked = text.replace(TEXT_OR_NUMBER, (found: string, colon: string | undefined) => {
    if (found.startsWith('"')) {
      // A text that begins with the mark has it twice.
      return found.startsWith(`"${MARK}`) && !colon ? `"${MARK}${found.slice(1)}` : found;
    }
    const isLong = /^-?[1-9]\d{15,}$/.test(found) && !Number.isSafeInteger(Number(found));
    return isLong ? `"${MARK}${found}"` : found;
  });
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith("\0")) {
      return value;
    }
    return value.startsWith("\0\0") ? value.slice(1) : BigInt(value.slice(1));
  }) as T;
}
