/** The form that publishes a message, and what became of it. */

import type { Message, PublishResult, QoS } from "webmqtt";
import { byId, make } from "./dom.js";
import { loadDraft, saveDraft } from "./draft.js";
import { explain } from "./errors.js";
import { duration } from "./format.js";
import type { Link, LinkStatus } from "./link.js";
import { textOf } from "./payload.js";
import { toQoS } from "./profile.js";

/** The reason code of an acknowledgement that no subscriber was there. */
const NO_MATCHING_SUBSCRIBERS = 0x10;

export class PublishForm {
  readonly #link: Link;
  readonly #form = byId("publish-form", HTMLFormElement);
  readonly #topic = byId("pub-topic", HTMLInputElement);
  readonly #payload = byId("pub-payload", HTMLTextAreaElement);
  readonly #qos = byId("pub-qos", HTMLSelectElement);
  readonly #retain = byId("pub-retain", HTMLInputElement);
  readonly #send = byId("pub-send", HTMLButtonElement);
  readonly #result = byId("pub-result", HTMLElement);
  /** Number of the last publish: what became of earlier ones is not shown any more. */
  #last = 0;
  #connected = false;

  constructor(link: Link) {
    this.#link = link;
    const draft = loadDraft();
    this.#topic.value = draft.topic;
    this.#payload.value = draft.payload;
    this.#qos.value = String(draft.qos);
    this.#retain.checked = draft.retain;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#publish();
    });
    this.#payload.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#form.requestSubmit();
      }
    });
    link.status.listen((status) => this.#onStatus(status));
    this.#send.disabled = true;
  }

  /** Takes over topic and payload, to be changed and sent. */
  fill(message: Message): void {
    this.#topic.value = message.topic;
    this.#payload.value = textOf(message.payload) ?? "";
    this.#payload.focus();
    this.#payload.select();
  }

  #onStatus({ state }: LinkStatus): void {
    this.#connected = state === "connected";
    const usable = state === "connected" || state === "connecting" || state === "waiting";
    this.#send.disabled = !usable;
    this.#send.textContent = state === "waiting" ? "Queue" : "Publish";
  }

  async #publish(): Promise<void> {
    if (this.#send.disabled) {
      return;
    }
    const topic = this.#topic.value;
    const payload = this.#payload.value;
    const qos = toQoS(this.#qos.value);
    const retain = this.#retain.checked;
    saveDraft({ topic, payload, qos, retain });
    this.#last += 1;
    const number = this.#last;
    this.#show("waiting", this.#connected ? "On its way" : "Waits for the connection");
    const start = performance.now();
    try {
      const result = await this.#link.publish(topic, payload, { qos, retain });
      if (number === this.#last) {
        this.#show("done", outcome(qos, result, performance.now() - start));
      }
    } catch (error) {
      if (number === this.#last) {
        const { message, remedy } = explain(error);
        this.#show("failed", message, remedy);
      }
    }
  }

  #show(tone: "waiting" | "done" | "failed", text: string, remedy = ""): void {
    this.#result.dataset.tone = tone;
    this.#result.replaceChildren(make("span", "", text));
    if (remedy) {
      this.#result.append(make("span", "result-remedy", ` ${remedy}`));
    }
  }
}

function outcome(asked: QoS, { qos, reasonCode }: PublishResult, took: number): string {
  if (asked === 0) {
    return "Sent. QoS 0 is not acknowledged.";
  }
  const as = qos === asked ? `QoS ${qos}` : `QoS ${qos} instead of ${asked}`;
  const nobody = reasonCode === NO_MATCHING_SUBSCRIBERS ? " Nobody subscribes to this topic." : "";
  return `Acknowledged as ${as} after ${duration(took)}.${nobody}`;
}
