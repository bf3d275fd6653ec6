/** One message in full: its payload as text, JSON or hex, and its properties. */

import type { Message } from "webmqtt";
import { byId, make } from "./dom.js";
import { bytes, clockExact } from "./format.js";
import type { LogEntry } from "./message-log.js";
import { hexDump, indentJson, kindOf, SHOWN, shownText } from "./payload.js";

type View = "json" | "text" | "hex";

const NAMES: Record<View, string> = { json: "JSON", text: "Text", hex: "Hex" };

export class MessageDetail {
  readonly #host = byId("detail", HTMLElement);
  readonly #onReply: (message: Message) => void;
  readonly #onClose: () => void;
  #entry: LogEntry | undefined;
  #view: View | undefined;

  constructor(onReply: (message: Message) => void, onClose: () => void) {
    this.#onReply = onReply;
    this.#onClose = onClose;
  }

  show(entry: LogEntry | undefined): void {
    if (entry === this.#entry) {
      return;
    }
    this.#entry = entry;
    this.#view = undefined;
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
    const kind = kindOf(message.payload);
    const views: View[] = kind === "json" ? ["json", "text", "hex"] : ["text", "hex"];
    const view = this.#view ?? (kind === "binary" ? "hex" : views[0]) ?? "text";

    const head = make("div", "detail-head");
    head.append(
      make("h3", "detail-topic code", message.topic),
      this.#tools(message, views, view),
      this.#closeButton(),
    );
    const body = make("pre", "detail-payload code");
    body.tabIndex = 0;
    body.setAttribute("aria-label", "Payload");
    body.textContent = render(message.payload, view);
    this.#host.replaceChildren(head, facts(entry), body);
    const cut = message.payload.length - SHOWN;
    if (cut > 0 && view !== "hex") {
      this.#host.append(make("p", "hint", `… and ${bytes(cut)} more that are not shown`));
    }
  }

  #tools(message: Message, views: View[], chosen: View): HTMLElement {
    const tools = make("div", "tools detail-tools");
    for (const view of views) {
      const button = make("button", "button small", NAMES[view]);
      button.type = "button";
      button.setAttribute("aria-pressed", String(view === chosen));
      button.addEventListener("click", () => {
        this.#view = view;
        this.#render();
        this.#host.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
      });
      tools.append(button);
    }
    const reply = make("button", "button small", "Publish here");
    reply.type = "button";
    reply.addEventListener("click", () => this.#onReply(message));
    tools.append(reply);
    return tools;
  }

  #closeButton(): HTMLElement {
    const close = make("button", "button small icon", "✕");
    close.type = "button";
    close.setAttribute("aria-label", "Close the message");
    close.addEventListener("click", () => this.#onClose());
    return close;
  }
}

function render(payload: Uint8Array, view: View): string {
  if (view === "hex") {
    return hexDump(payload);
  }
  const text = shownText(payload);
  return view === "json" ? indentJson(text) : text;
}

function facts({ at, message }: LogEntry): HTMLElement {
  const { properties } = message;
  const list = make("ul", "detail-facts");
  const add = (text: string) => list.append(make("li", "", text));
  add(clockExact(at));
  add(bytes(message.payload.length));
  add(`QoS ${message.qos}`);
  if (message.retain) {
    add("retained");
  }
  if (message.dup) {
    add("may be a repetition");
  }
  if (properties.contentType) {
    add(`content type ${properties.contentType}`);
  }
  if (properties.responseTopic) {
    add(`answer to ${properties.responseTopic}`);
  }
  if (properties.correlationData) {
    add(`correlation data, ${bytes(properties.correlationData.length)}`);
  }
  if (properties.messageExpiry !== undefined) {
    add(`expires in ${properties.messageExpiry} s`);
  }
  for (const [name, value] of properties.userProperties) {
    add(`${name}: ${value}`);
  }
  return list;
}
