/** The list of subscriptions. It outlives connections: every new client gets all of them. */

import type { Message, QoS, Subscription } from "webmqtt";
import { byId, make, setText } from "./dom.js";
import { explain, isFarewell } from "./errors.js";
import { count, rate } from "./format.js";
import type { Link } from "./link.js";
import { RateMeter } from "./rate.js";
import { loadSettings, saveSettings, toQoS } from "./settings.js";

/** Length of the palette in the style sheet. */
const COLOURS = 8;

/** Called for each message, with the colour of its subscription. */
export type Receiver = (message: Message, colour: number) => void;

interface Entry {
  readonly filter: string;
  readonly qos: QoS;
  readonly colour: number;
  readonly item: HTMLLIElement;
  readonly status: HTMLElement;
  readonly numbers: HTMLElement;
  readonly meter: RateMeter;
  received: number;
  subscription: Subscription | undefined;
}

export class SubscriptionsPanel {
  readonly #link: Link;
  readonly #receive: Receiver;
  readonly #filter = byId("sub-filter", HTMLInputElement);
  readonly #qos = byId("sub-qos", HTMLSelectElement);
  readonly #list = byId("sub-list", HTMLElement);
  readonly #empty = byId("sub-empty", HTMLElement);
  readonly #entries = new Map<string, Entry>();

  constructor(link: Link, receive: Receiver) {
    this.#link = link;
    this.#receive = receive;
    byId("sub-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#filter.addEventListener("input", () => this.#filter.removeAttribute("aria-invalid"));
    link.renewed.listen(() => this.#subscribeAll());
    for (const { filter, qos } of loadSettings().subscriptions) {
      this.add(filter, qos);
    }
  }

  #submit(): void {
    const filter = this.#filter.value;
    if (filter === "") {
      this.#filter.setAttribute("aria-invalid", "true");
      this.#filter.focus();
      return;
    }
    const known = this.#entries.get(filter);
    if (known) {
      this.#remove(known);
    }
    this.add(filter, toQoS(this.#qos.value));
    this.#filter.value = "";
    this.#filter.focus();
  }

  /** Subscribes now or with the next connection. Does nothing if the filter is in the list. */
  add(filter: string, qos: QoS): void {
    if (this.#entries.has(filter)) {
      return;
    }
    const entry = this.#createEntry(filter, qos);
    this.#entries.set(filter, entry);
    this.#list.append(entry.item);
    this.#changed();
    if (this.#link.open) {
      void this.#subscribe(entry);
    }
  }

  #createEntry(filter: string, qos: QoS): Entry {
    const colour = this.#freeColour();
    const item = make("li", "sub");
    item.dataset.filter = filter;
    item.dataset.colour = String(colour);
    const status = make("span", "sub-status");
    const numbers = make("span", "sub-numbers");
    const remove = make("button", "button small icon", "✕");
    remove.type = "button";
    remove.setAttribute("aria-label", `Unsubscribe from ${filter}`);
    const line = make("span", "sub-line");
    line.append(status, numbers);
    const words = make("span", "sub-words");
    words.append(make("span", "sub-filter code", filter), line);
    item.append(make("span", "swatch"), words, remove);
    const entry: Entry = {
      filter,
      qos,
      colour,
      item,
      status,
      numbers,
      meter: new RateMeter(),
      received: 0,
      subscription: undefined,
    };
    remove.addEventListener("click", () => {
      this.#remove(entry);
      this.#filter.focus();
    });
    this.#say(entry, `asks for QoS ${qos}`, "waiting");
    return entry;
  }

  #freeColour(): number {
    const taken = new Set([...this.#entries.values()].map((entry) => entry.colour));
    for (let colour = 0; colour < COLOURS; colour += 1) {
      if (!taken.has(colour)) {
        return colour;
      }
    }
    return this.#entries.size % COLOURS;
  }

  #subscribeAll(): void {
    for (const entry of this.#entries.values()) {
      void this.#subscribe(entry);
    }
  }

  async #subscribe(entry: Entry): Promise<void> {
    const { filter, qos, colour } = entry;
    entry.subscription = undefined;
    this.#say(entry, `asks for QoS ${qos}`, "waiting");
    try {
      const subscription = await this.#link.subscribe(filter, qos, (message) => {
        if (this.#entries.get(filter) === entry) {
          entry.received += 1;
          this.#receive(message, colour);
        }
      });
      if (this.#entries.get(filter) !== entry) {
        await subscription.unsubscribe();
        return;
      }
      entry.subscription = subscription;
      const granted = subscription.qos;
      this.#say(entry, granted === qos ? `QoS ${qos}` : `QoS ${granted} of ${qos}`, "granted");
    } catch (error) {
      if (!isFarewell(error)) {
        const { message, remedy } = explain(error);
        this.#say(entry, `${message} ${remedy}`, "refused");
      }
    }
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.filter);
    entry.item.remove();
    this.#changed();
    // A refused unsubscribe leaves nothing to do: its messages are dropped by the handler.
    entry.subscription?.unsubscribe().catch(() => {});
  }

  #say(entry: Entry, text: string, tone: "waiting" | "granted" | "refused"): void {
    setText(entry.status, text);
    entry.item.dataset.tone = tone;
  }

  #changed(): void {
    this.#empty.hidden = this.#entries.size > 0;
    const subscriptions = [...this.#entries.values()].map(({ filter, qos }) => ({ filter, qos }));
    saveSettings({ subscriptions });
  }

  /** Call once per second. */
  updateNumbers(at: number): void {
    for (const { meter, received, numbers } of this.#entries.values()) {
      const perSecond = meter.sample(at, received);
      setText(numbers, received === 0 ? "" : `${count(received)} · ${rate(perSecond)}/s`);
    }
  }
}
