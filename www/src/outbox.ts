/** The publishes of a connection that are not settled: what an earlier page has left, and what this one has added. Pure. */

import type { QoS } from "webmqtt";

/** One that is not settled. */
export interface OpenPublish {
  /** Absent if only the last step of QoS 2 is left. */
  readonly topic: string | undefined;
  readonly qos: QoS;
  /** Milliseconds since the epoch; absent if an earlier page has published it. */
  readonly since: number | undefined;
}

/** One of an earlier page, and what has become of it. */
export interface RestoredPublish {
  readonly topic: string | undefined;
  readonly qos: QoS;
  /** - `sent`: in flight. - `waits`: in the queue. */
  readonly state: "sent" | "waits" | "arrived" | "failed";
  /** Why it failed. */
  readonly words: string;
}

export class Outbox {
  readonly #open = new Set<OpenPublish>();

  /** Gives a function to call when it is settled. */
  add(publish: OpenPublish): () => void {
    this.#open.add(publish);
    return () => this.#open.delete(publish);
  }

  clear(): void {
    this.#open.clear();
  }

  /** Oldest first, those that wait for being sent, as the client counts them: it sends in the order of the calls. */
  waiting(count: number): readonly OpenPublish[] {
    return count === 0 ? [] : [...this.#open].slice(-count);
  }
}

/** How many there are of each state. */
export function tally(
  restored: readonly RestoredPublish[],
): Record<RestoredPublish["state"], number> {
  const numbers = { sent: 0, waits: 0, arrived: 0, failed: 0 };
  for (const { state } of restored) {
    numbers[state] += 1;
  }
  return numbers;
}
