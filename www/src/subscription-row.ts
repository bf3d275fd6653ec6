/** One subscription in the list: what was asked for, what the broker said, what came. */

import { make, setText } from "./dom.js";
import { count, rate } from "./format.js";
import { listed, t } from "./language.js";
import type { SavedSubscription } from "./profile.js";
import { COLOURS } from "./profile-fields.js";
import type { SubscribedFilter } from "./subscription-list.js";

export interface RowActions {
  remove(): void;
  mute(muted: boolean): void;
  paint(colour: number): void;
}

export class SubscriptionRow {
  readonly item = make("li", "sub");
  readonly #shown: SubscribedFilter;
  readonly #status = make("span", "sub-status");
  readonly #numbers = make("span", "sub-numbers");
  readonly #colour = make("button", "sub-colour");
  readonly #mute = make("button", "button small", t("Mute"));

  constructor(shown: SubscribedFilter, actions: RowActions) {
    this.#shown = shown;
    const { filter } = shown.saved;
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
    this.#mute.addEventListener("click", () => actions.mute(!shown.saved.muted));
    this.#colour.addEventListener("click", () =>
      actions.paint((shown.saved.colour + 1) % COLOURS.length),
    );
    const line = make("span", "sub-line");
    line.append(this.#status, this.#numbers);
    const words = make("span", "sub-words");
    words.append(make("span", "sub-filter code", filter), line);
    const options = optionsOf(shown.saved);
    if (options) {
      words.append(make("span", "sub-options", options));
    }
    this.item.append(this.#colour, words, this.#mute, remove);
    this.update();
  }

  /** Shows what is so now. */
  update(): void {
    const { filter, colour, muted } = this.#shown.saved;
    this.item.dataset.colour = String(colour);
    this.item.classList.toggle("muted-sub", muted);
    this.#mute.setAttribute("aria-pressed", String(muted));
    const name = t("Colour of {filter}: {colour}. Change it", {
      filter,
      colour: t(COLOURS[colour] ?? ""),
    });
    this.#colour.setAttribute("aria-label", name);
    this.#colour.title = name;
    this.updateNumbers();
  }

  updateNumbers(): void {
    const { received, rate: perSecond, answer } = this.#shown;
    setText(this.#numbers, received === 0 ? "" : `${count(received)} · ${rate(perSecond)}/s`);
    setText(this.#status, answer.text);
    this.item.dataset.tone = answer.tone;
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
  return listed(options);
}
