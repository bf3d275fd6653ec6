/** One message in full: its payload in the way that is chosen, and its properties. */

import type { Message } from "webmqtt";
import { changes } from "./diff.js";
import { byId, make } from "./dom.js";
import { explain } from "./errors.js";
import { bytes, clock, clockExact } from "./format.js";
import { t } from "./language.js";
import type { LogEntry } from "./message-log.js";
import { numbersIn, SHOWN, shownText } from "./payload.js";
import { base64, imageType, textIn, VIEW_NAMES, type View, viewsOf } from "./payload-views.js";

export interface DetailActions {
  /** Takes the message over into the form that publishes. */
  reply(message: Message): void;
  /** Draws a number of this topic. */
  draw(topic: string, path: string): void;
  /** Removes what the broker has stored for this topic. Rejects if it refuses. */
  forget(topic: string): Promise<void>;
  /** Shows only messages of this topic. */
  only(topic: string): void;
  close(): void;
}

export class MessageDetail {
  readonly #host = byId("detail", HTMLElement);
  readonly #actions: DetailActions;
  #entry: LogEntry | undefined;
  /** What it is compared with. */
  #before: LogEntry | undefined;
  /** What the reader chose last; it is kept for the messages to come. */
  #view: View | undefined;

  constructor(actions: DetailActions) {
    this.#actions = actions;
  }

  show(entry: LogEntry | undefined, before?: LogEntry): void {
    if (entry === this.#entry && before === this.#before) {
      return;
    }
    this.#entry = entry;
    this.#before = before;
    this.#render();
    // On a phone it is below the list, perhaps out of sight.
    this.#host.scrollIntoView({ block: "nearest" });
  }

  #render(): void {
    const entry = this.#entry;
    this.#host.hidden = entry === undefined;
    this.#host.parentElement?.classList.toggle("with-detail", entry !== undefined);
    if (!entry) {
      this.#host.replaceChildren();
      return;
    }
    const { message } = entry;
    const { views, best } = viewsOf(message);
    const view = this.#view && views.includes(this.#view) ? this.#view : best;

    const head = make("div", "detail-head");
    head.append(
      make("h3", "detail-topic code", message.topic),
      this.#tools(message, views, view),
      this.#button("✕", t("Close the message"), () => this.#actions.close()),
    );
    const hint = make("p", "hint");
    const payload = view === "image" ? picture(message) : this.#text(entry, view, hint);
    const numbers = this.#numbers(message);
    this.#host.replaceChildren(head, facts(entry), numbers, payload, hint, this.#changes(entry));
    const shown = view === "base64" ? SHOWN : shownText(message.payload).shown;
    const cut = message.payload.length - shown;
    if (cut > 0 && (view === "text" || view === "json" || view === "base64")) {
      hint.textContent = t("… and {bytes} more that are not shown", { bytes: bytes(cut) });
    }
  }

  /** Decoders of binary formats are loaded when they are first needed. */
  #text(entry: LogEntry, view: View, hint: HTMLElement): HTMLElement {
    const body = make("pre", "detail-payload code");
    body.tabIndex = 0;
    body.dataset.testid = "payload";
    body.dataset.view = view;
    body.setAttribute("aria-label", t("Payload"));
    textIn(view, entry.message.payload).then(
      (text) => {
        body.textContent = text;
      },
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        hint.textContent = t("This is no {format}: {why}.", { format: t(VIEW_NAMES[view]), why });
      },
    );
    return body;
  }

  /** What differs from the message before, or from the one that the broker had stored. */
  #changes({ message }: LogEntry): HTMLElement {
    const section = make("div", "detail-changes");
    const before = this.#before;
    const found = before && changes(before.message.payload, message.payload);
    if (!found) {
      return section;
    }
    const since = { time: clock(before.at) };
    const title = before.message.retain
      ? t("Changes to the retained message of {time}", since)
      : t("Changes since {time}", since);
    const list = make("ul", "changes code");
    list.dataset.testid = "changes";
    for (const { kind, text } of found) {
      const line = make("li", "change");
      line.dataset.kind = kind;
      const signs = { same: "", gone: t("before:"), new: t("now:") };
      line.append(make("span", "change-sign", signs[kind]), make("span", "", text));
      list.append(line);
    }
    section.append(make("h4", "", title), list);
    return section;
  }

  /** Asks once more: what is gone cannot be brought back. */
  #forget(topic: string): HTMLButtonElement {
    const button = this.#button(t("Delete at the broker"), "", () => {
      if (button.dataset.sure === undefined) {
        button.dataset.sure = "";
        button.textContent = t("Really delete?");
        return;
      }
      button.disabled = true;
      this.#actions.forget(topic).then(
        () => {
          button.textContent = t("Deleted");
        },
        (error: unknown) => {
          button.disabled = false;
          const { message } = explain(error);
          button.textContent = message;
        },
      );
    });
    button.dataset.testid = "forget";
    return button;
  }

  /** A button for each number in it, which draws it. */
  #numbers({ topic, payload }: Message): HTMLElement {
    const list = make("div", "tools detail-numbers");
    for (const { path } of numbersIn(payload, true)) {
      const button = this.#button(path || t("Draw the value"), "", () =>
        this.#actions.draw(topic, path),
      );
      button.classList.add("draw");
      button.dataset.testid = "draw";
      button.setAttribute("aria-label", t("Draw {path}", { path: path || topic }));
      list.append(button);
    }
    return list;
  }

  #tools(message: Message, views: View[], chosen: View): HTMLElement {
    const tools = make("div", "tools detail-tools");
    const select = make("select", "small");
    select.setAttribute("aria-label", t("Show the payload as"));
    select.dataset.testid = "payload-view";
    for (const view of views) {
      select.add(new Option(t(VIEW_NAMES[view]), view, false, view === chosen));
    }
    select.addEventListener("change", () => {
      this.#view = select.value as View;
      this.#render();
      this.#host.querySelector("select")?.focus();
    });
    tools.append(
      select,
      this.#button(t("Publish here"), "", () => this.#actions.reply(message)),
      this.#button(t("Only this topic"), "", () => this.#actions.only(message.topic)),
    );
    if (message.retain || this.#before?.message.retain) {
      tools.append(this.#forget(message.topic));
    }
    return tools;
  }

  #button(text: string, label: string, act: () => void): HTMLButtonElement {
    const button = make("button", label ? "button small icon" : "button small", text);
    button.type = "button";
    if (label) {
      button.setAttribute("aria-label", label);
    }
    button.addEventListener("click", act);
    return button;
  }
}

function picture({ payload }: Message): HTMLElement {
  const image = make("img", "detail-image");
  image.alt = t("The payload as a picture");
  image.src = `data:${imageType(payload)};base64,${base64(payload)}`;
  return image;
}

function facts({ at, message }: LogEntry): HTMLElement {
  const { properties } = message;
  const list = make("ul", "detail-facts");
  const add = (text: string) => list.append(make("li", "", text));
  add(clockExact(at));
  add(bytes(message.payload.length));
  add(`QoS ${message.qos}`);
  if (message.retain) {
    add(t("retained"));
  }
  if (message.dup) {
    add(t("may be a repetition"));
  }
  if (properties.payloadIsText) {
    add(t("marked as text"));
  }
  if (properties.contentType) {
    add(t("content type {type}", { type: properties.contentType }));
  }
  if (properties.responseTopic) {
    add(t("answer to {topic}", { topic: properties.responseTopic }));
  }
  if (properties.correlationData) {
    add(t("correlation data, {bytes}", { bytes: bytes(properties.correlationData.length) }));
  }
  if (properties.messageExpiry !== undefined) {
    add(t("expires in {seconds} s", { seconds: properties.messageExpiry }));
  }
  for (const [name, value] of properties.userProperties) {
    add(`${name}: ${value}`);
  }
  return list;
}
