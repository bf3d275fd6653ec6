/** The form that publishes a message, once or again and again, and what became of it. */

import type { Message, Payload, PublishResult, QoS } from "webmqtt";
import { byId, make, setText } from "./dom.js";
import { type Draft, draftOf, loadDraft, payloadOf, publishOptions, saveDraft } from "./draft.js";
import { DRAFT_FIELDS, type DraftValues } from "./draft-fields.js";
import { DraftShelf } from "./draft-shelf.js";
import { explain } from "./errors.js";
import { FieldForm } from "./field-form.js";
import { bytes, count, duration } from "./format.js";
import { t } from "./language.js";
import type { Link, LinkStatus } from "./link.js";
import { indentJson } from "./payload.js";
import { toQoS } from "./profile.js";
import { Repeater } from "./repeater.js";

/** The reason code of an acknowledgement that no subscriber was there. */
const NO_MATCHING_SUBSCRIBERS = 0x10;

export class PublishForm {
  readonly #link: Link;
  readonly #form = byId("publish-form", HTMLFormElement);
  readonly #topic = byId("pub-topic", HTMLInputElement);
  readonly #payload = byId("pub-payload", HTMLTextAreaElement);
  readonly #tidy = byId("pub-tidy", HTMLButtonElement);
  readonly #problem = byId("pub-problem", HTMLElement);
  readonly #file = byId("pub-file", HTMLInputElement);
  readonly #send = byId("pub-send", HTMLButtonElement);
  readonly #repeat = byId("pub-repeat", HTMLButtonElement);
  readonly #interval = byId("pub-interval", HTMLInputElement);
  readonly #result = byId("pub-result", HTMLElement);
  readonly #fields = new FieldForm<DraftValues>(
    DRAFT_FIELDS,
    (group) => byId(`pub-fields-${group}`, HTMLElement),
    "pub-",
  );
  readonly #shelf = new DraftShelf(
    (draft) => this.#fill(draft),
    () => this.#read(),
  );
  readonly #repeater = new Repeater(
    () => this.#publish(),
    (running) => this.#onRepeat(running),
  );
  /** Number of the last publish: what became of earlier ones is not shown any more. */
  #last = 0;
  /** How many of a repetition were sent. */
  #repeated = 0;
  #connected = false;
  #version5 = true;

  constructor(link: Link) {
    this.#link = link;
    this.#fill(loadDraft());
    this.#form.addEventListener("change", () => this.#showFormat());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#send.disabled) {
        this.#shelf.remember(this.#read());
        void this.#publish();
      }
    });
    this.#payload.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#form.requestSubmit();
      }
    });
    this.#payload.addEventListener("input", () => this.#checkJson());
    this.#tidy.addEventListener("click", () => this.#indent());
    this.#repeat.addEventListener("click", () => {
      if (this.#repeater.running) {
        this.#repeater.stop();
      } else {
        this.#repeated = 0;
        this.#repeater.start(Number(this.#interval.value));
      }
    });
    link.status.listen((status) => this.#onStatus(status));
    this.#send.disabled = true;
    this.#repeat.disabled = true;
  }

  /** Takes over a message that came, to be changed and sent. */
  fill(message: Message): void {
    this.#fill(draftOf(message));
    this.#payload.focus();
    this.#payload.select();
  }

  #fill(draft: Draft): void {
    this.#topic.value = draft.topic;
    this.#payload.value = draft.payload;
    this.#fields.fill(draft);
    this.#showFormat();
  }

  #read(): Draft {
    return { topic: this.#topic.value, payload: this.#payload.value, ...this.#fields.read() };
  }

  #showFormat(): void {
    const isFile = this.#read().format === "file";
    this.#file.hidden = !isFile;
    this.#payload.hidden = isFile;
    this.#checkJson();
    byId("pub-payload-label", HTMLLabelElement).htmlFor = isFile ? this.#file.id : this.#payload.id;
  }

  /** Says what is wrong with JSON while it is typed. */
  #checkJson(): void {
    const draft = this.#read();
    const isJson = draft.format === "json";
    this.#tidy.hidden = !isJson;
    let problem = "";
    if (isJson && draft.payload.trim() !== "") {
      try {
        payloadOf(draft, 0);
      } catch (error) {
        problem = (error as Error).message;
      }
    }
    this.#payload.setAttribute("aria-invalid", String(problem !== ""));
    this.#tidy.disabled = problem !== "";
    setText(this.#problem, problem);
  }

  /** Every value stays as it was typed. */
  #indent(): void {
    this.#payload.value = indentJson(this.#payload.value);
    this.#payload.rows = Math.min(Math.max(this.#payload.value.split("\n").length, 3), 16);
    this.#payload.focus();
  }

  #onStatus({ state, info }: LinkStatus): void {
    this.#connected = state === "connected";
    const usable = state === "connected" || state === "connecting" || state === "waiting";
    this.#send.disabled = !usable;
    this.#repeat.disabled = !usable;
    setText(this.#send, state === "waiting" ? t("Queue") : t("Publish"));
    if (info) {
      this.#version5 = info.version === 5;
      this.#fields.allowVersion5(this.#version5);
    }
    if (!usable) {
      this.#repeater.stop();
    }
  }

  #onRepeat(running: boolean): void {
    this.#repeat.setAttribute("aria-pressed", String(running));
    setText(this.#repeat, running ? t("Stop") : t("Repeat"));
  }

  async #content(draft: Draft): Promise<Payload> {
    if (draft.format !== "file") {
      return payloadOf(draft, this.#repeated);
    }
    const [file] = this.#file.files ?? [];
    if (!file) {
      throw new Error(t("Choose a file first."));
    }
    this.#show(
      "waiting",
      t("{name}, {bytes}, is on its way", { name: file.name, bytes: bytes(file.size) }),
    );
    return file.arrayBuffer();
  }

  /** Whether it went well. */
  async #publish(): Promise<boolean> {
    const draft = this.#read();
    saveDraft(draft);
    this.#last += 1;
    const number = this.#last;
    this.#show("waiting", this.#connected ? t("On its way") : t("Waits for the connection"));
    const start = performance.now();
    try {
      const payload = await this.#content(draft);
      const options = publishOptions(draft, this.#version5);
      const result = await this.#link.publish(draft.topic, payload, options);
      this.#repeated += 1;
      if (number === this.#last) {
        const sent = this.#repeater.running
          ? `${t("{count} sent.", { count: count(this.#repeated) })} `
          : "";
        this.#show("done", sent + outcome(toQoS(draft.qos), result, performance.now() - start));
      }
      return true;
    } catch (error) {
      if (number === this.#last) {
        const { message, remedy, code } = explain(error);
        this.#show("failed", message, code ? `${remedy} (${code})` : remedy);
      }
      return false;
    }
  }

  #show(tone: "waiting" | "done" | "failed", text: string, remedy = ""): void {
    // Read out once, and not with every repetition.
    this.#result.ariaLive = this.#repeater.running && tone !== "failed" ? "off" : "polite";
    this.#result.dataset.tone = tone;
    this.#result.replaceChildren(make("span", "", text));
    if (remedy) {
      this.#result.append(make("span", "result-remedy", ` ${remedy}`));
    }
  }
}

function outcome(asked: QoS, result: PublishResult, took: number): string {
  const { qos, reasonCode, reasonString } = result;
  if (asked === 0) {
    return t("Sent. QoS 0 is not acknowledged.");
  }
  const as = qos === asked ? `QoS ${qos}` : t("QoS {qos} instead of {asked}", { qos, asked });
  const nobody =
    reasonCode === NO_MATCHING_SUBSCRIBERS ? ` ${t("Nobody subscribes to this topic.")}` : "";
  const words = reasonString ? ` ${t("The broker says: {words}", { words: reasonString })}` : "";
  return t("Acknowledged as {as} after {time}.", { as, time: duration(took) }) + nobody + words;
}
