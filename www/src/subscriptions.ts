/** The subscriptions of a connection. They outlive it: every new client gets all of them. */

import type { Message } from "webmqtt";
import { byId } from "./dom.js";
import { explain, isFarewell } from "./errors.js";
import type { Link } from "./link.js";
import { type SavedSubscription, toQoS } from "./profile.js";
import { COLOURS } from "./profile-fields.js";
import type { ProfileStore } from "./profile-store.js";
import { SubscriptionRow } from "./subscription-row.js";

/** Called for each message, with the colour of its subscription. */
export type Receiver = (message: Message, colour: number) => void;

export class SubscriptionsPanel {
  readonly #link: Link;
  readonly #store: ProfileStore;
  readonly #receive: Receiver;
  readonly #filter = byId("sub-filter", HTMLInputElement);
  readonly #qos = byId("sub-qos", HTMLSelectElement);
  readonly #noLocal = byId("sub-no-local", HTMLInputElement);
  readonly #asPublished = byId("sub-retain-as-published", HTMLInputElement);
  readonly #handling = byId("sub-retain-handling", HTMLSelectElement);
  readonly #list = byId("sub-list", HTMLElement);
  readonly #empty = byId("sub-empty", HTMLElement);
  readonly #rows = new Map<string, SubscriptionRow>();
  /** Id of the connection whose subscriptions these are. */
  #shown = "";

  constructor(link: Link, store: ProfileStore, receive: Receiver) {
    this.#link = link;
    this.#store = store;
    this.#receive = receive;
    byId("sub-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#filter.addEventListener("input", () => this.#filter.removeAttribute("aria-invalid"));
    link.status.listen(() => this.#follow());
    store.changed.listen(() => this.#follow());
    link.renewed.listen(() => {
      for (const row of this.#rows.values()) {
        void this.#subscribe(row);
      }
    });
    this.#follow();
  }

  /** Shows those of the connection in use, else of the chosen one. */
  #follow(): void {
    const id = this.#link.live ?? this.#store.current.id;
    if (id === this.#shown) {
      return;
    }
    this.#shown = id;
    this.#rows.clear();
    this.#list.replaceChildren();
    for (const saved of this.#store.find(id)?.subscriptions ?? []) {
      this.#append(saved);
    }
    this.#empty.hidden = this.#rows.size > 0;
  }

  #submit(): void {
    const filter = this.#filter.value;
    if (filter === "") {
      this.#filter.setAttribute("aria-invalid", "true");
      this.#filter.focus();
      return;
    }
    const known = this.#rows.get(filter);
    if (known) {
      this.#remove(known);
    }
    const handling = Number(this.#handling.value);
    const row = this.#append({
      filter,
      qos: toQoS(this.#qos.value),
      noLocal: this.#noLocal.checked,
      retainAsPublished: this.#asPublished.checked,
      retainHandling: handling === 1 || handling === 2 ? handling : 0,
      colour: known?.saved.colour ?? this.#freeColour(),
      muted: false,
    });
    this.#changed();
    if (this.#link.open && this.#link.profile === this.#shown) {
      void this.#subscribe(row);
    }
    this.#filter.value = "";
    this.#filter.focus();
  }

  #append(saved: SavedSubscription): SubscriptionRow {
    const row: SubscriptionRow = new SubscriptionRow(saved, {
      remove: () => {
        this.#remove(row);
        this.#filter.focus();
      },
      mute: (muted) => this.#update(row, { muted }),
      paint: (colour) => this.#update(row, { colour }),
    });
    this.#rows.set(saved.filter, row);
    this.#list.append(row.item);
    return row;
  }

  #update(row: SubscriptionRow, changes: Partial<SavedSubscription>): void {
    row.update({ ...row.saved, ...changes });
    this.#changed();
  }

  #freeColour(): number {
    const taken = new Set([...this.#rows.values()].map((row) => row.saved.colour));
    const free = COLOURS.findIndex((_, colour) => !taken.has(colour));
    return free < 0 ? this.#rows.size % COLOURS.length : free;
  }

  async #subscribe(row: SubscriptionRow): Promise<void> {
    const { filter, qos, noLocal, retainAsPublished, retainHandling } = row.saved;
    row.ask();
    const options = { qos, noLocal, retainAsPublished, retainHandling };
    const isShown = () => this.#rows.get(filter) === row;
    try {
      const subscription = await this.#link.subscribe(filter, options, (message) => {
        if (isShown()) {
          row.received += 1;
          if (!row.saved.muted) {
            this.#receive(message, row.saved.colour);
          }
        }
      });
      if (!isShown()) {
        await subscription.unsubscribe();
        return;
      }
      row.subscription = subscription;
      row.showResult();
    } catch (error) {
      if (!isFarewell(error)) {
        const { message, remedy, code } = explain(error);
        row.refuse(`${message} ${remedy} (${code})`);
      }
    }
  }

  #remove(row: SubscriptionRow): void {
    this.#rows.delete(row.saved.filter);
    row.item.remove();
    this.#changed();
    // A refused unsubscribe leaves nothing to do: its messages are dropped by the handler.
    row.subscription?.unsubscribe().catch(() => {});
  }

  #changed(): void {
    this.#empty.hidden = this.#rows.size > 0;
    const subscriptions = [...this.#rows.values()].map((row) => row.saved);
    this.#store.update(this.#shown, { subscriptions });
  }

  /** Call once per second. */
  updateNumbers(at: number): void {
    for (const row of this.#rows.values()) {
      row.updateNumbers(at);
    }
  }
}
