/** The switcher: a tab for each open connection, with its colour, its state and what came over it meanwhile. */

import type { Connection } from "./connection.js";
import { byId, make, setText } from "./dom.js";
import { brief, count, rate } from "./format.js";
import { listed, t } from "./language.js";
import type { OpenConnections } from "./open-connections.js";
import { titleOf } from "./profile.js";
import type { ProfileStore } from "./profile-store.js";
import { inWords } from "./timeline.js";

interface Tab {
  readonly button: HTMLButtonElement;
  readonly name: HTMLElement;
  readonly numbers: HTMLElement;
  /** What is seen as colour, dot and number. */
  readonly spoken: HTMLElement;
}

export class ConnectionTabs {
  readonly #connections: OpenConnections;
  readonly #store: ProfileStore;
  readonly #list = byId("tabs", HTMLElement);
  readonly #tabs = new Map<Connection, Tab>();

  constructor(connections: OpenConnections, store: ProfileStore) {
    this.#connections = connections;
    this.#store = store;
    this.#list.addEventListener("click", (event) => this.#onClick(event.target as Element));
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    connections.changed.listen(() => this.render());
    this.render();
  }

  /** Also call once per second, for the numbers. */
  render(): void {
    const { all, shown } = this.#connections;
    const focused = this.#list.contains(document.activeElement);
    for (const [connection, { button }] of this.#tabs) {
      if (!all.includes(connection)) {
        this.#tabs.delete(connection);
        button.remove();
      }
    }
    for (const connection of all) {
      this.#fill(connection, connection === shown);
    }
    // One alone has the rest of the page for itself.
    const useful = all.length > 1;
    this.#list.hidden = !useful;
    document.documentElement.classList.toggle("tabbed", useful);
    const current = this.#tabs.get(shown)?.button;
    if (focused && !this.#list.contains(document.activeElement)) {
      current?.focus();
    }
  }

  #fill(connection: Connection, shown: boolean): void {
    const profile = this.#store.find(connection.id);
    if (!profile) {
      return;
    }
    const tab = this.#tabs.get(connection) ?? this.#create(connection);
    const { button, name, numbers, spoken } = tab;
    const { now } = connection.link;
    const title = titleOf(profile);
    const unread = shown ? 0 : connection.unread;
    const selected = button.getAttribute("aria-selected") === "true";
    button.dataset.colour = profile.colour;
    button.dataset.state = now.state;
    button.setAttribute("aria-selected", String(shown));
    button.tabIndex = shown ? 0 : -1;
    setText(name, title);
    setText(numbers, numbersOf(connection, unread));
    numbers.classList.toggle("unread", unread > 0);
    const words = [inWords(now, false)];
    if (unread > 0) {
      words.push(t("{count} new messages", { count: count(unread) }));
    }
    setText(spoken, listed(words));
    button.title = listed([title, ...words]);
    if (shown && !selected) {
      button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  #create(connection: Connection): Tab {
    const button = make("button", "tab");
    button.type = "button";
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", "page");
    button.dataset.testid = "tab";
    button.dataset.connection = connection.id;
    const tab = {
      button,
      name: make("span", "tab-name"),
      numbers: make("span", "tab-numbers"),
      spoken: make("span", "visually-hidden"),
    };
    tab.numbers.ariaHidden = "true";
    // For the pointer; the keyboard has the key Delete and the button below.
    const close = make("span", "tab-close", "✕");
    close.title = t("Close");
    close.dataset.testid = "tab-close";
    close.ariaHidden = "true";
    button.append(make("span", "tab-dot"), tab.name, tab.spoken, tab.numbers, close);
    this.#tabs.set(connection, tab);
    this.#list.append(button);
    return tab;
  }

  #of(element: Element | null): Connection | undefined {
    const id = element?.closest<HTMLElement>("[data-connection]")?.dataset.connection;
    return this.#connections.all.find((connection) => connection.id === id);
  }

  #onClick(target: Element): void {
    const connection = this.#of(target);
    if (!connection) {
      return;
    }
    if (target.closest(".tab-close")) {
      this.#connections.close(connection);
    } else {
      this.#connections.show(connection.id);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const { all, shown } = this.#connections;
    const at = all.indexOf(shown);
    const to: Record<string, number> = {
      ArrowRight: (at + 1) % all.length,
      ArrowLeft: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    const next = all[to[event.key] ?? -1];
    if (next) {
      this.#connections.show(next.id);
      this.#tabs.get(next)?.button.focus();
    } else if (event.key === "Delete") {
      this.#connections.close(shown);
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** What came while something else was looked at, else how much comes now. */
function numbersOf({ link, rate: perSecond }: Connection, unread: number): string {
  if (unread > 0) {
    return `+${brief(unread)}`;
  }
  return link.connected && perSecond > 0 ? `${rate(perSecond)}/s` : "";
}
