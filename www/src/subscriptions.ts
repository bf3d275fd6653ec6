/** The subscriptions of the connection that is looked at, and the form that adds one. */

import type { Connection } from "./connection.js";
import { byId } from "./dom.js";
import type { OpenConnections } from "./open-connections.js";
import { toQoS } from "./profile.js";
import type { SubscribedFilter, SubscriptionList } from "./subscription-list.js";
import { SubscriptionRow } from "./subscription-row.js";

export class SubscriptionsPanel {
  readonly #filter = byId("sub-filter", HTMLInputElement);
  readonly #qos = byId("sub-qos", HTMLSelectElement);
  readonly #noLocal = byId("sub-no-local", HTMLInputElement);
  readonly #asPublished = byId("sub-retain-as-published", HTMLInputElement);
  readonly #handling = byId("sub-retain-handling", HTMLSelectElement);
  readonly #list = byId("sub-list", HTMLElement);
  readonly #empty = byId("sub-empty", HTMLElement);
  readonly #rows = new Map<SubscribedFilter, SubscriptionRow>();

  constructor(connections: OpenConnections) {
    byId("sub-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(connections.shown.subscriptions);
    });
    this.#filter.addEventListener("input", () => this.#filter.removeAttribute("aria-invalid"));
    connections.follow((connection) => this.#attach(connection));
  }

  #attach({ subscriptions }: Connection): (() => void)[] {
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#render(subscriptions);
    return [
      subscriptions.changed.listen(() => this.#render(subscriptions)),
      subscriptions.updated.listen((filter) => this.#rows.get(filter)?.update()),
    ];
  }

  #render(subscriptions: SubscriptionList): void {
    const { all } = subscriptions;
    for (const [filter, row] of this.#rows) {
      if (!all.includes(filter)) {
        this.#rows.delete(filter);
        row.item.remove();
      }
    }
    for (const filter of all) {
      if (!this.#rows.has(filter)) {
        this.#append(subscriptions, filter);
      }
    }
    this.#empty.hidden = all.length > 0;
  }

  #append(subscriptions: SubscriptionList, filter: SubscribedFilter): void {
    const row = new SubscriptionRow(filter, {
      remove: () => {
        subscriptions.remove(filter);
        this.#filter.focus();
      },
      mute: (muted) => subscriptions.update(filter, { muted }),
      paint: (colour) => subscriptions.update(filter, { colour }),
    });
    this.#rows.set(filter, row);
    this.#list.append(row.item);
  }

  #submit(subscriptions: SubscriptionList): void {
    const filter = this.#filter.value;
    if (filter === "") {
      this.#filter.setAttribute("aria-invalid", "true");
      this.#filter.focus();
      return;
    }
    const handling = Number(this.#handling.value);
    subscriptions.add({
      filter,
      qos: toQoS(this.#qos.value),
      noLocal: this.#noLocal.checked,
      retainAsPublished: this.#asPublished.checked,
      retainHandling: handling === 1 || handling === 2 ? handling : 0,
    });
    this.#filter.value = "";
    this.#filter.focus();
  }

  /** Call once per second. */
  updateNumbers(): void {
    for (const row of this.#rows.values()) {
      row.updateNumbers();
    }
  }
}
