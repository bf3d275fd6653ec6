/** One subscription in the list: what was asked for, what the broker said, what came. */

import type { FilterResult, Subscription } from "webmqtt";
import { make, setText } from "./dom.js";
import { count, rate } from "./format.js";
import { t, tFacts } from "./language.js";
import type { SavedSubscription } from "./profile.js";
import { COLOURS } from "./profile-fields.js";
import { RateMeter } from "./rate.js";

export interface RowActions {
  remove(): void;
  mute(muted: boolean): void;
  paint(colour: number): void;
}

export class SubscriptionRow {
  readonly item = make("li", "sub");
  saved: SavedSubscription;
  subscription: Subscription | undefined;
  received = 0;
  readonly #status = make("span", "sub-status");
  readonly #numbers = make("span", "sub-numbers");
  readonly #colour = make("button", "sub-colour");
  readonly #mute = make("button", "button small", t("Mute"));
  readonly #meter = new RateMeter();
  /** What the status was made from. */
  #result: FilterResult | undefined;

  constructor(saved: SavedSubscription, actions: RowActions) {
    this.saved = saved;
    const { filter } = saved;
    this.item.dataset.filter = filter;
    const remove = make("button", "button small icon", "✕");
    remove.setAttribute("aria-label", t("Unsubscribe from {filter}", { filter }));
    remove.dataset.testid = "sub-remove";
    this.#mute.setAttribute("aria-label", t("Mute {filter}", { filter }));
    this.#mute.dataset.testid = "sub-mute";
    this.#colour.append(make("span", "swatch"));
    for (const button of [remove, this.#mute, this.#colour]) {
      button.type = "button";
    }
    remove.addEventListener("click", actions.remove);
    this.#mute.addEventListener("click", () => actions.mute(!this.saved.muted));
    this.#colour.addEventListener("click", () =>
      actions.paint((this.saved.colour + 1) % COLOURS.length),
    );
    const line = make("span", "sub-line");
    line.append(this.#status, this.#numbers);
    const words = make("span", "sub-words");
    words.append(make("span", "sub-filter code", filter), line);
    const options = optionsOf(saved);
    if (options) {
      words.append(make("span", "sub-options", options));
    }
    this.item.append(this.#colour, words, this.#mute, remove);
    this.update(saved);
    this.ask();
  }

  update(saved: SavedSubscription): void {
    this.saved = saved;
    this.item.dataset.colour = String(saved.colour);
    this.item.classList.toggle("muted-sub", saved.muted);
    this.#mute.setAttribute("aria-pressed", String(saved.muted));
    const name = t("Colour of {filter}: {colour}. Change it", {
      filter: saved.filter,
      colour: t(COLOURS[saved.colour] ?? ""),
    });
    this.#colour.setAttribute("aria-label", name);
    this.#colour.title = name;
  }

  /** Not granted yet. */
  ask(): void {
    this.subscription = undefined;
    this.#result = undefined;
    this.#say(t("asks for QoS {qos}", { qos: this.saved.qos }), "waiting");
  }

  refuse(text: string): void {
    this.#say(text, "refused");
  }

  /** Also after the package has subscribed again on another connection. */
  showResult(): void {
    const result = this.subscription?.results[0];
    if (!result || result === this.#result) {
      return;
    }
    this.#result = result;
    if (result.error) {
      this.#say(`${tFacts(result.error.message)} ${t(result.error.remediation)}`, "refused");
      return;
    }
    const { qos } = this.saved;
    const granted =
      result.qos === qos
        ? t("QoS {qos} granted", { qos })
        : t("QoS {granted} of {qos} granted", { granted: result.qos ?? 0, qos });
    const words = this.subscription?.answer.reasonString;
    this.#say(words ? `${granted}: ${words}` : granted, "granted");
  }

  updateNumbers(at: number): void {
    const perSecond = this.#meter.sample(at, this.received);
    const text = this.received === 0 ? "" : `${count(this.received)} · ${rate(perSecond)}/s`;
    setText(this.#numbers, text);
    this.showResult();
  }

  #say(text: string, tone: "waiting" | "granted" | "refused"): void {
    setText(this.#status, text);
    this.item.dataset.tone = tone;
  }
}

function optionsOf({ noLocal, retainAsPublished, retainHandling }: SavedSubscription): string {
  const options = [];
  if (noLocal) {
    options.push(t("not my own"));
  }
  if (retainAsPublished) {
    options.push(t("retain as published"));
  }
  if (retainHandling > 0) {
    options.push(retainHandling === 1 ? t("retained ones if new") : t("no retained ones"));
  }
  return options.join(", ");
}
