/** The connection's own numbers as series: what goes over it per second, what waits, how long answers take. */

import type { Stats } from "webmqtt";
import { t } from "./language.js";
import { SeriesStore } from "./series.js";

export class Traffic {
  readonly store = new SeriesStore();
  #before: { at: number; stats: Stats } | undefined;

  /** Milliseconds until the broker had acknowledged a message. */
  acknowledged(at: number, took: number): void {
    this.store.add(t("Acknowledged after (ms)"), at, took);
  }

  /** Call about once per second while there is a connection; `at` in milliseconds since the epoch. */
  sample(at: number, stats: Stats): void {
    const before = this.#before;
    this.#before = { at, stats };
    // Another client begins to count anew.
    if (!before || at <= before.at || stats.bytesOut < before.stats.bytesOut) {
      return;
    }
    const perSecond = (name: "messagesIn" | "bytesIn" | "messagesOut" | "bytesOut") =>
      Math.round(((stats[name] - before.stats[name]) * 10_000) / (at - before.at)) / 10;
    this.store.add(t("Received per second"), at, perSecond("messagesIn"));
    this.store.add(t("Bytes in per second"), at, perSecond("bytesIn"));
    this.store.add(t("Published per second"), at, perSecond("messagesOut"));
    this.store.add(t("Bytes out per second"), at, perSecond("bytesOut"));
    this.store.add(t("In flight and waiting"), at, stats.inFlight + stats.queuedMessages);
    if (stats.roundTrip !== undefined && stats.roundTrip !== before.stats.roundTrip) {
      this.store.add(t("Ping answered after (ms)"), at, stats.roundTrip);
    }
  }
}
