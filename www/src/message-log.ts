/** The last messages, within a limit of number and bytes, and those of them that a search finds. No document here. */

import { isFilter, type Message, matches } from "webmqtt";
import { textOf } from "./payload.js";
import { Ring } from "./ring.js";

export interface LogEntry {
  /** Counts up from 0 over everything that was ever received. */
  readonly serial: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: Message;
  /** Index into the palette of the subscription that brought it. */
  readonly colour: number;
}

const CAPACITY = 100_000;
const BYTES = 64 * 1024 * 1024;
/** Bytes of a payload that a search looks at. */
const SEARCHED = 4_096;

export class MessageLog {
  readonly #entries = new Ring<LogEntry>(CAPACITY);
  readonly #found = new Ring<LogEntry>(CAPACITY);
  #bytes = 0;
  #nextSerial = 0;
  #query = "";
  #test: ((entry: LogEntry) => boolean) | undefined;

  /** Everything that was received, also what is forgotten by now. */
  get received(): number {
    return this.#nextSerial;
  }

  /** What is kept. */
  get kept(): number {
    return this.#entries.length;
  }

  /** What is kept, oldest first. */
  get entries(): Iterable<LogEntry> {
    return this.#entries;
  }

  /** What is kept and found by the search, oldest first. */
  get found(): Ring<LogEntry> {
    return this.#test ? this.#found : this.#entries;
  }

  get query(): string {
    return this.#query;
  }

  push(message: Message, at: number, colour: number): LogEntry {
    const entry: LogEntry = { serial: this.#nextSerial, at, message, colour };
    this.#nextSerial += 1;
    this.#bytes += message.payload.length;
    this.#forget(this.#entries.push(entry));
    while (this.#bytes > BYTES && this.#entries.length > 1) {
      this.#forget(this.#entries.shift());
    }
    if (this.#test?.(entry)) {
      this.#found.push(entry);
    }
    return entry;
  }

  #forget(entry: LogEntry | undefined): void {
    if (!entry) {
      return;
    }
    this.#bytes -= entry.message.payload.length;
    if (this.#found.at(0) === entry) {
      this.#found.shift();
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#found.clear();
    this.#bytes = 0;
  }

  /** An MQTT filter if it has wildcards, else text that occurs in topic or payload; empty finds everything. */
  search(query: string): void {
    this.#query = query;
    this.#test = query === "" ? undefined : searcher(query);
    this.#found.clear();
    if (this.#test) {
      for (const entry of this.#entries) {
        if (this.#test(entry)) {
          this.#found.push(entry);
        }
      }
    }
  }
}

function searcher(query: string): (entry: LogEntry) => boolean {
  if (/[+#]/.test(query)) {
    // Decided with the first message: before, the package's module may not be loaded.
    let filter: boolean | undefined;
    const plain = textSearcher(query);
    return (entry) => {
      filter ??= isFilter(query);
      return filter ? matches(query, entry.message.topic) : plain(entry);
    };
  }
  return textSearcher(query);
}

function textSearcher(query: string): (entry: LogEntry) => boolean {
  const needle = query.toLowerCase();
  return ({ message }) =>
    message.topic.toLowerCase().includes(needle) ||
    (textOf(message.payload, SEARCHED)?.toLowerCase().includes(needle) ?? false);
}
