/** The connection's own numbers as series: what it carries per second, and how long acknowledgements take. */

import { t } from "./language.js";
import { SeriesStore } from "./series.js";

export class Traffic {
  readonly store = new SeriesStore();
  #messages = 0;
  #bytes = 0;
  #published = 0;
  #sampledAt: number | undefined;

  received(bytes: number): void {
    this.#messages += 1;
    this.#bytes += bytes;
  }

  /** `took` in milliseconds: until the broker had acknowledged it; nothing with QoS 0. */
  published(at: number, took: number | undefined): void {
    this.#published += 1;
    if (took !== undefined) {
      this.store.add(t("Acknowledged after (ms)"), at, took);
    }
  }

  /** Call about once per second while there is a connection; `at` in milliseconds since the epoch. */
  sample(at: number): void {
    const before = this.#sampledAt;
    this.#sampledAt = at;
    if (before !== undefined && at > before) {
      const perSecond = (number: number) => (number * 1000) / (at - before);
      this.store.add(t("Messages received per second"), at, perSecond(this.#messages));
      this.store.add(t("Bytes received per second"), at, perSecond(this.#bytes));
      this.store.add(t("Messages published per second"), at, perSecond(this.#published));
    }
    this.#messages = 0;
    this.#bytes = 0;
    this.#published = 0;
  }

  clear(): void {
    this.store.clear();
    this.#sampledAt = undefined;
  }
}
