/** One `subscribe` call: a handler, or a queue that is read with `for await`. */

import { type Disposal, disposeWith } from "./disposal.js";
import type { Message } from "./message.js";
import type {
  Answer,
  FilterResult,
  MessageHandler,
  QoS,
  SubscribeOptions,
  UnsubscribeOptions,
  UnsubscribeResult,
} from "./types.js";

const DEFAULT_HIGH_WATER_MARK = 10_000;

export interface Subscription extends Disposal {}

/** What one call of `subscribe` has subscribed to. Without a handler it is read with `for await`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor defines what is merged
export class Subscription implements AsyncIterable<Message> {
  /** As they were asked for. */
  readonly filters: readonly string[];
  /** In the order of the filters. */
  results: readonly FilterResult[] = [];
  /** MQTT 5: what the broker added to its last SUBACK for this call. */
  answer: Answer = {};
  readonly #handler: MessageHandler | undefined;
  readonly #limit: number;
  readonly #dropNewest: boolean;
  readonly #unsubscribe: (options?: UnsubscribeOptions) => Promise<UnsubscribeResult>;
  /** Lets go of the signal that could have ended it. */
  readonly #forget: () => void;
  /** Tells that the reader has become too slow. */
  readonly #slow: () => void;
  #queue: (Message | undefined)[] = [];
  /** Messages before this index were read. */
  #read = 0;
  #waiting: ((result: IteratorResult<Message>) => void)[] = [];
  #dropped = 0;
  /** Messages were dropped since there last was nothing to read. */
  #isSlow = false;
  #ended = false;
  /** The client has ended: what nobody has read stays with the broker. */
  #abandoned = false;

  /** @internal */
  constructor(
    filters: readonly string[],
    options: SubscribeOptions,
    handler: MessageHandler | undefined,
    unsubscribe: (options?: UnsubscribeOptions) => Promise<UnsubscribeResult>,
    forget: () => void,
    slow: (subscription: Subscription) => void,
  ) {
    this.filters = filters;
    this.#handler = handler;
    this.#limit = options.highWaterMark ?? DEFAULT_HIGH_WATER_MARK;
    this.#dropNewest = options.overflow === "drop-newest";
    this.#unsubscribe = unsubscribe;
    this.#forget = forget;
    this.#slow = () => slow(this);
    disposeWith(this, () => unsubscribe());
  }

  /** Granted QoS of the first filter that was granted. */
  get qos(): QoS {
    return this.results.find((result) => result.qos !== undefined)?.qos ?? 0;
  }

  /** Messages that the iterator lost because nobody read them in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Ends the subscription: no message comes any more, the iterator is done after what it holds. */
  async unsubscribe(options?: UnsubscribeOptions): Promise<UnsubscribeResult> {
    return this.#unsubscribe(options);
  }

  /** Reads the messages. Leaving the loop ends the subscription. */
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return {
      next: () => this.#next(),
      // The loop does not wait for the broker: there may be no connection for a long time.
      return: () => {
        this.#unsubscribe().catch(() => {});
        if (!this.#abandoned) {
          for (const message of this.#queue) {
            message?.drop();
          }
        }
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #next(): Promise<IteratorResult<Message>> {
    const value = this.#queue[this.#read];
    if (value) {
      this.#forgetOldest();
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) {
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** @internal Whether the message was taken; the caller reports what a handler throws. */
  deliver(message: Message): boolean {
    if (this.#ended) {
      return false;
    }
    if (this.#handler) {
      this.#handler(message);
      return true;
    }
    const reader = this.#waiting.shift();
    if (reader) {
      this.#isSlow = false;
      reader({ done: false, value: message });
      return true;
    }
    if (this.#queue.length - this.#read >= this.#limit) {
      this.#dropped += 1;
      const becameSlow = !this.#isSlow;
      this.#isSlow = true;
      if (!this.#dropNewest) {
        this.#queue[this.#read]?.drop();
        this.#forgetOldest();
        this.#queue.push(message);
      }
      if (becameSlow) {
        this.#slow();
      }
      return !this.#dropNewest;
    }
    this.#queue.push(message);
    return true;
  }

  #forgetOldest(): void {
    this.#queue[this.#read] = undefined;
    this.#read += 1;
    if (this.#read === this.#queue.length) {
      this.#queue = [];
      this.#read = 0;
    } else if (this.#read > 1024 && this.#read * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#read);
      this.#read = 0;
    }
  }

  /** @internal No message comes any more. */
  finish(abandoned = false): void {
    this.#ended = true;
    this.#abandoned ||= abandoned;
    this.#forget();
    for (const reader of this.#waiting.splice(0)) {
      reader({ done: true, value: undefined });
    }
  }
}
