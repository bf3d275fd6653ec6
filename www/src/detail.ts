/** One message in full: its payload in the way that is chosen, and its properties. */

import type { Message } from "webmqtt";
import { byId, make } from "./dom.js";
import { bytes, clockExact } from "./format.js";
import { t } from "./language.js";
import type { LogEntry } from "./message-log.js";
import { numbersIn, SHOWN } from "./payload.js";
import { base64, imageType, textIn, VIEW_NAMES, type View, viewsOf } from "./payload-views.js";

export interface DetailActions {
  /** Takes the message over into the form that publishes. */
  reply(message: Message): void;
  /** Draws a number of this topic. */
  draw(topic: string, path: string): void;
  /** Shows only messages of this topic. */
  only(topic: string): void;
  close(): void;
}

export class MessageDetail {
  readonly #host = byId("detail", HTMLElement);
  readonly #actions: DetailActions;
  #entry: LogEntry | undefined;
  /** What the reader chose last; it is kept for the messages to come. */
  #view: View | undefined;

  constructor(actions: DetailActions) {
    this.#actions = actions;
  }

  show(entry: LogEntry | undefined): void {
    if (entry === this.#entry) {
      return;
    }
    this.#entry = entry;
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
    this.#host.replaceChildren(head, facts(entry), this.#numbers(message), payload, hint);
    const cut = message.payload.length - SHOWN;
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
    return tools;
  }

  #button(text: string, label: string, act: () => void): HTMLElement {
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
