/** What was published before, and what was put aside under a name, to be taken out again. */

import { byId, make } from "./dom.js";
import { type Draft, toDraft } from "./draft.js";
import { t } from "./language.js";
import { load, save } from "./storage.js";

const HISTORY = 30;
const TEMPLATES = 100;
/** Characters of a payload that are worth keeping. */
const LARGEST = 16_384;
const KEY = "webmqtt.drafts";

interface Named {
  readonly name: string;
  readonly draft: Draft;
}

function toNamed(value: unknown): Named {
  const { name, draft } = Object(value) as Record<string, unknown>;
  return { name: String(name), draft: toDraft(draft) };
}

export class DraftShelf {
  readonly #take: (draft: Draft) => void;
  readonly #give: () => Draft;
  readonly #name = byId("template-name", HTMLInputElement);
  #history: Draft[];
  #templates: Named[];

  constructor(take: (draft: Draft) => void, give: () => Draft) {
    this.#take = take;
    this.#give = give;
    const { history, templates } = Object(load(KEY)) as Record<string, unknown>;
    this.#history = Array.isArray(history) ? history.map(toDraft) : [];
    this.#templates = Array.isArray(templates) ? templates.map(toNamed) : [];
    byId("template-save", HTMLButtonElement).addEventListener("click", () => this.#saveTemplate());
    byId("history-clear", HTMLButtonElement).addEventListener("click", () => {
      this.#history = [];
      this.#changed();
    });
    this.#render();
  }

  /** The same message again only moves to the front. Files and what is very long are not kept. */
  remember(draft: Draft): void {
    if (draft.format === "file" || draft.payload.length > LARGEST) {
      return;
    }
    const same = JSON.stringify(draft);
    if (this.#history[0] && JSON.stringify(this.#history[0]) === same) {
      return;
    }
    const others = this.#history.filter((old) => JSON.stringify(old) !== same);
    this.#history = [draft, ...others].slice(0, HISTORY);
    this.#changed();
  }

  #saveTemplate(): void {
    const draft = this.#give();
    const name = this.#name.value.trim() || draft.topic || t("Template");
    const others = this.#templates.filter((old) => old.name !== name);
    this.#templates = [{ name, draft }, ...others].slice(0, TEMPLATES);
    this.#name.value = "";
    this.#changed();
  }

  #changed(): void {
    save(KEY, { history: this.#history, templates: this.#templates });
    this.#render();
  }

  #render(): void {
    byId("template-list", HTMLElement).replaceChildren(
      ...this.#templates.map(({ name, draft }) => {
        const remove = make("button", "button small icon", "✕");
        remove.type = "button";
        remove.setAttribute("aria-label", t("Delete the template {name}", { name }));
        remove.addEventListener("click", () => {
          this.#templates = this.#templates.filter((old) => old.name !== name);
          this.#changed();
          this.#name.focus();
        });
        return this.#line(name, draft.topic, draft, remove);
      }),
    );
    byId("draft-list", HTMLElement).replaceChildren(
      ...this.#history.map((draft) => this.#line(draft.topic, draft.payload, draft)),
    );
    byId("history-clear", HTMLElement).hidden = this.#history.length === 0;
  }

  #line(title: string, more: string, draft: Draft, ...extra: HTMLElement[]): HTMLElement {
    const button = make("button", "profile");
    button.type = "button";
    button.dataset.testid = "draft";
    const words = make("span", "profile-words");
    words.append(
      make("span", "profile-name", title),
      make("span", "profile-host code", more.slice(0, 80)),
    );
    button.append(words);
    button.addEventListener("click", () => this.#take(draft));
    const item = make("li", "shelf-line");
    item.append(button, ...extra);
    return item;
  }
}
