/** The form that publishes a message over the connection that is looked at, once or again and again, and what became of it. */

import type { Message } from "webmqtt";
import type { Connection } from "./connection.js";
import { byId, make, setText } from "./dom.js";
import { type Draft, draftOf, held, loadDraft, payloadOf, saveDraft } from "./draft.js";
import { DRAFT_FIELDS, type DraftValues } from "./draft-fields.js";
import { DraftShelf } from "./draft-shelf.js";
import { FieldForm } from "./field-form.js";
import { bytes } from "./format.js";
import type { JsonEditor } from "./json-editor.js";
import { jsonProblem } from "./json-problem.js";
import { t } from "./language.js";
import type { Link } from "./link.js";
import type { OpenConnections } from "./open-connections.js";
import { indentJson } from "./payload.js";
import type { Publishing } from "./publishing.js";

export class PublishForm {
  readonly #connections: OpenConnections;
  readonly #form = byId("publish-form", HTMLFormElement);
  readonly #topic = byId("pub-topic", HTMLInputElement);
  readonly #payload = byId("pub-payload", HTMLTextAreaElement);
  readonly #editorHost = byId("pub-editor", HTMLElement);
  readonly #tidy = byId("pub-tidy", HTMLButtonElement);
  readonly #problem = byId("pub-problem", HTMLElement);
  readonly #file = byId("pub-file", HTMLInputElement);
  readonly #send = byId("pub-send", HTMLButtonElement);
  readonly #repeat = byId("pub-repeat", HTMLButtonElement);
  readonly #interval = byId("pub-interval", HTMLInputElement);
  readonly #result = byId("pub-result", HTMLElement);
  readonly #progress = byId("pub-progress", HTMLElement);
  readonly #bar = byId("pub-bar", HTMLProgressElement);
  readonly #sent = byId("pub-sent", HTMLElement);
  readonly #fields = new FieldForm<DraftValues>(
    DRAFT_FIELDS,
    (group) => byId(`pub-fields-${group}`, HTMLElement),
    "pub-",
  );
  /** Is loaded when the first payload is JSON. */
  #editor: JsonEditor | undefined;
  #loading = false;
  readonly #shelf = new DraftShelf(
    (draft) => this.#fill(draft),
    () => this.#read(),
  );

  constructor(connections: OpenConnections) {
    this.#connections = connections;
    this.#show(loadDraft());
    for (const event of ["input", "change"]) {
      this.#form.addEventListener(event, () => this.#keep());
    }
    this.#form.addEventListener("change", () => this.#showFormat());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#send.disabled) {
        const draft = this.#keep();
        this.#shelf.remember(draft);
        saveDraft(draft);
        void this.#publishing.publish();
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
    this.#repeat.addEventListener("click", () => this.#toggleRepeat());
    byId("pub-cancel", HTMLButtonElement).addEventListener("click", () =>
      this.#publishing.upload?.cancel(),
    );
    connections.follow((connection) => this.#attach(connection));
  }

  get #publishing(): Publishing {
    return this.#connections.shown.publishing;
  }

  /** Takes over a message that came, to be changed and sent. */
  fill(message: Message): void {
    this.#fill(draftOf(message));
    this.#payload.focus();
    this.#payload.select();
  }

  #attach({ link, publishing }: Connection): (() => void)[] {
    if (publishing.draft) {
      this.#show(publishing.draft);
    }
    const files = new DataTransfer();
    if (publishing.file) {
      files.items.add(publishing.file);
    }
    this.#file.files = files.files;
    this.#keep();
    this.#showState(link, publishing);
    this.#showOutcome(publishing);
    this.#showProgress(publishing);
    return [
      publishing.progressed.listen(() => this.#showProgress(publishing)),
      link.status.listen(() => this.#showState(link, publishing)),
      publishing.changed.listen(() => this.#showOutcome(publishing)),
    ];
  }

  #fill(draft: Draft): void {
    this.#show(draft);
    this.#keep();
  }

  #show(draft: Draft): void {
    this.#topic.value = draft.topic;
    this.#setPayload(draft.payload);
    this.#fields.fill(draft);
    this.#showFormat();
  }

  #read(): Draft {
    return { topic: this.#topic.value, payload: this.#payload.value, ...this.#fields.read() };
  }

  /** The draft is the connection's own, and so is its repetition. */
  #keep(): Draft {
    const draft = this.#read();
    this.#publishing.draft = draft;
    this.#publishing.file = this.#file.files?.[0];
    return draft;
  }

  #toggleRepeat(): void {
    if (this.#publishing.repeating) {
      this.#publishing.stop();
    } else {
      saveDraft(this.#keep());
      this.#publishing.repeat(Number(this.#interval.value));
    }
  }

  #setPayload(text: string): void {
    this.#payload.value = text;
    if (this.#editor) {
      this.#editor.text = text;
    }
  }

  #showFormat(): void {
    const { format } = this.#read();
    const isFile = format === "file";
    const edits = format === "json" && this.#editor !== undefined;
    this.#file.hidden = !isFile;
    this.#payload.hidden = isFile || edits;
    this.#editorHost.hidden = !edits;
    this.#checkJson();
    byId("pub-payload-label", HTMLLabelElement).htmlFor = isFile ? this.#file.id : this.#payload.id;
    if (format === "json" && !this.#loading) {
      this.#loading = true;
      void this.#loadEditor();
    }
  }

  /** Until it is there, and if it cannot be loaded, JSON is typed as any text. */
  async #loadEditor(): Promise<void> {
    const { JsonEditor } = await import("./json-editor.js");
    const typing = document.activeElement === this.#payload;
    this.#editor = new JsonEditor(this.#editorHost, {
      label: t("Payload"),
      changed: (text) => {
        if (text !== this.#payload.value) {
          this.#payload.value = text;
          this.#checkJson();
          this.#keep();
        }
      },
      submit: () => this.#form.requestSubmit(),
      tidy: () => this.#indent(),
    });
    this.#editor.text = this.#payload.value;
    this.#showFormat();
    if (typing) {
      this.#editor.focus();
    }
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
    if (isJson) {
      const place = problem === "" ? undefined : jsonProblem(held(draft));
      this.#editor?.mark(place && { ...place, message: problem });
    }
  }

  /** Every value stays as it was typed. */
  #indent(): void {
    if (this.#tidy.disabled) {
      return;
    }
    this.#setPayload(indentJson(this.#payload.value));
    this.#payload.rows = Math.min(Math.max(this.#payload.value.split("\n").length, 3), 16);
    (this.#editor ?? this.#payload).focus();
    this.#keep();
  }

  #showState({ now }: Link, { usable, version5 }: Publishing): void {
    this.#send.disabled = !usable;
    this.#repeat.disabled = !usable;
    setText(this.#send, now.state === "waiting" ? t("Queue") : t("Publish"));
    this.#fields.allowVersion5(version5);
  }

  #showOutcome({ outcome, repeating }: Publishing): void {
    this.#repeat.setAttribute("aria-pressed", String(repeating));
    setText(this.#repeat, repeating ? t("Stop") : t("Repeat"));
    this.#result.replaceChildren();
    if (!outcome) {
      return;
    }
    const { tone, text, remedy } = outcome;
    // Read out once, and not with every repetition.
    this.#result.ariaLive = repeating && tone !== "failed" ? "off" : "polite";
    this.#result.dataset.tone = tone;
    this.#result.append(make("span", "", text));
    if (remedy) {
      this.#result.append(make("span", "result-remedy", ` ${remedy}`));
    }
  }

  #showProgress({ upload }: Publishing): void {
    this.#progress.hidden = !upload;
    if (upload) {
      const { sent, size } = upload;
      this.#bar.max = size;
      this.#bar.value = sent;
      setText(
        this.#sent,
        sent < size
          ? t("{sent} of {size} sent", { sent: bytes(sent), size: bytes(size) })
          : t("All of it has left; the broker has not acknowledged it yet."),
      );
    }
  }
}
