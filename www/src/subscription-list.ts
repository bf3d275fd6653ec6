/** The subscriptions of one connection. They outlive its clients: every new one gets all of them. No document here. */

import type { Message, Subscription } from "webmqtt";
import { explain, isFarewell } from "./errors.js";
import { t, tFacts } from "./language.js";
import type { Link } from "./link.js";
import type { SavedSubscription } from "./profile.js";
import { COLOURS } from "./profile-fields.js";
import type { ProfileStore } from "./profile-store.js";
import { RateMeter } from "./rate.js";
import { Signal } from "./signal.js";

/** Called for each message, with the colour of its subscription. */
export type Receiver = (message: Message, colour: number) => void;

/** What the broker said to a subscription. */
export interface SubscriptionAnswer {
  readonly text: string;
  readonly tone: "waiting" | "granted" | "refused";
}

export class SubscribedFilter {
  saved: SavedSubscription;
  received = 0;
  /** Messages per second. */
  rate = 0;
  #subscription: Subscription | undefined;
  #refusal = "";
  readonly #meter = new RateMeter();

  constructor(saved: SavedSubscription) {
    this.saved = saved;
  }

  /** It changes, too, when the package has subscribed again on another connection. */
  get answer(): SubscriptionAnswer {
    if (this.#refusal !== "") {
      return { text: this.#refusal, tone: "refused" };
    }
    const { qos } = this.saved;
    const result = this.#subscription?.results[0];
    if (!result) {
      return { text: t("asks for QoS {qos}", { qos }), tone: "waiting" };
    }
    if (result.error) {
      const { message, remediation } = result.error;
      return { text: `${tFacts(message)} ${t(remediation)}`, tone: "refused" };
    }
    const granted =
      result.qos === qos
        ? t("QoS {qos} granted", { qos })
        : t("QoS {granted} of {qos} granted", { granted: result.qos ?? 0, qos });
    const words = this.#subscription?.answer.reasonString;
    return { text: words ? `${granted}: ${words}` : granted, tone: "granted" };
  }

  /** Not granted yet. */
  ask(): void {
    this.#subscription = undefined;
    this.#refusal = "";
  }

  granted(subscription: Subscription): void {
    this.#subscription = subscription;
  }

  refused(text: string): void {
    this.#refusal = text;
  }

  leave(): void {
    // A refused unsubscribe leaves nothing to do: its messages are dropped by the handler.
    this.#subscription?.unsubscribe().catch(() => {});
  }

  tick(at: number): void {
    this.rate = this.#meter.sample(at, this.received);
  }
}

export class SubscriptionList {
  readonly #link: Link;
  readonly #store: ProfileStore;
  /** Whose subscriptions these are. */
  readonly #profile: string;
  readonly #receive: Receiver;
  readonly #filters = new Map<string, SubscribedFilter>();
  /** One came or went. */
  readonly changed = new Signal<void>();
  /** Something about one of them is different. */
  readonly updated = new Signal<SubscribedFilter>();

  constructor(link: Link, store: ProfileStore, profile: string, receive: Receiver) {
    this.#link = link;
    this.#store = store;
    this.#profile = profile;
    this.#receive = receive;
    for (const saved of store.find(profile)?.subscriptions ?? []) {
      this.#filters.set(saved.filter, new SubscribedFilter(saved));
    }
    link.renewed.listen(() => {
      for (const each of this.all) {
        void this.#subscribe(each);
      }
    });
  }

  get all(): readonly SubscribedFilter[] {
    return [...this.#filters.values()];
  }

  /** One that is there already is replaced, and keeps its colour. */
  add(saved: Omit<SavedSubscription, "colour" | "muted">): void {
    const known = this.#filters.get(saved.filter);
    if (known) {
      this.#forget(known);
    }
    const colour = known?.saved.colour ?? this.#freeColour();
    const added = new SubscribedFilter({ ...saved, colour, muted: false });
    this.#filters.set(saved.filter, added);
    this.#keep();
    this.changed.emit();
    if (this.#link.open) {
      void this.#subscribe(added);
    }
  }

  remove(filter: SubscribedFilter): void {
    this.#forget(filter);
    this.#keep();
    this.changed.emit();
  }

  update(filter: SubscribedFilter, changes: Partial<SavedSubscription>): void {
    filter.saved = { ...filter.saved, ...changes };
    this.#keep();
    this.updated.emit(filter);
  }

  tick(at: number): void {
    for (const each of this.all) {
      each.tick(at);
    }
  }

  #forget(filter: SubscribedFilter): void {
    this.#filters.delete(filter.saved.filter);
    filter.leave();
  }

  #freeColour(): number {
    const taken = new Set(this.all.map(({ saved }) => saved.colour));
    const free = COLOURS.findIndex((_, colour) => !taken.has(colour));
    return free < 0 ? this.#filters.size % COLOURS.length : free;
  }

  #keep(): void {
    const subscriptions = this.all.map(({ saved }) => saved);
    this.#store.update(this.#profile, { subscriptions });
  }

  async #subscribe(asked: SubscribedFilter): Promise<void> {
    const { filter, qos, noLocal, retainAsPublished, retainHandling } = asked.saved;
    asked.ask();
    this.updated.emit(asked);
    const options = { qos, noLocal, retainAsPublished, retainHandling };
    const isWanted = () => this.#filters.get(filter) === asked;
    try {
      const subscription = await this.#link.subscribe(filter, options, (message) => {
        if (isWanted()) {
          asked.received += 1;
          if (!asked.saved.muted) {
            this.#receive(message, asked.saved.colour);
          }
        }
      });
      if (!isWanted()) {
        await subscription.unsubscribe();
        return;
      }
      asked.granted(subscription);
    } catch (error) {
      if (!isFarewell(error)) {
        const { message, remedy, code } = explain(error);
        asked.refused(`${message} ${remedy} (${code})`);
      }
    }
    this.updated.emit(asked);
  }
}
