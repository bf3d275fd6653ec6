/** The connection's state in words: badge, notice, history, and what the broker allows. */

import type { ConnectionInfo } from "webmqtt";
import { byId, make, setText } from "./dom.js";
import { explain, isFarewell } from "./errors.js";
import { clock, lasting } from "./format.js";
import { t } from "./language.js";
import { factsOf } from "./limits.js";
import type { Link, LinkStatus } from "./link.js";

const HISTORY = 50;

export class StatusPanel {
  readonly #badge = byId("state", HTMLElement);
  readonly #text = byId("state-text", HTMLElement);
  readonly #spoken = byId("state-spoken", HTMLElement);
  readonly #notices = byId("notices", HTMLElement);
  readonly #history = byId("history-list", HTMLElement);
  #status: LinkStatus | undefined;
  /** Why the last attempt failed: told once, however many follow. */
  #told = "";
  #remedy = "";
  /** When the connection was made that stands. */
  #since: number | undefined;
  #countdown: ReturnType<typeof setTimeout> | undefined;

  constructor(link: Link) {
    link.status.listen((status) => this.#onStatus(status));
    link.failed.listen((error) => this.#onFailure(error));
  }

  #onStatus(status: LinkStatus): void {
    this.#status = status;
    clearTimeout(this.#countdown);
    this.#badge.dataset.state = status.state;
    this.#tick();
    setText(this.#spoken, inWords(status, false));
    const line = this.#historyLine(status);
    this.#note(line, status.state, this.#remedyOf(status));
    if (status.state === "connected" || (status.state === "connecting" && status.attempt <= 1)) {
      this.#notices.replaceChildren();
    } else if (status.cause) {
      this.#notice(status.cause);
    }
    this.#showLimits(status.info);
  }

  /** What to do about it, told once. */
  #remedyOf({ state, cause }: LinkStatus): string {
    if (!cause || (state !== "idle" && state !== "waiting")) {
      return "";
    }
    const { remedy } = explain(cause);
    const again = remedy === this.#remedy;
    this.#remedy = remedy;
    return again ? "" : remedy;
  }

  /** How long the connection stood that is lost now. */
  #stood(): string {
    const since = this.#since;
    this.#since = undefined;
    return since === undefined
      ? ""
      : t("The connection stood for {time}.", { time: lasting(Date.now() - since) });
  }

  #historyLine({ state, attempt, nextTryAt, cause, url, info }: LinkStatus): string {
    const why = cause ? explain(cause).message : "";
    switch (state) {
      case "idle":
        return why ? joined(t("Stopped."), why, this.#stood()) : t("Not connected");
      case "connecting":
        return attempt > 1
          ? t("Attempt {attempt}", { attempt })
          : t("Connecting to {url}", { url });
      case "connected":
        this.#told = "";
        this.#remedy = "";
        this.#since = Date.now();
        return info?.sessionPresent
          ? t("Connected, the old session goes on")
          : t("Connected, new session");
      case "waiting": {
        const again = why !== "" && why === this.#told;
        this.#told = why;
        const left = seconds((nextTryAt ?? 0) - Date.now());
        const words = again ? t("Failed as before.") : why || t("No connection.");
        return joined(words, this.#stood(), t("Next try in {left} s.", { left }));
      }
      case "closing":
        return t("Disconnecting");
      case "closed":
        return joined(t("Disconnected"), this.#stood());
    }
  }

  #tick(): void {
    const status = this.#status;
    if (!status) {
      return;
    }
    setText(this.#text, inWords(status, true));
    if (status.nextTryAt !== undefined && status.nextTryAt > Date.now()) {
      this.#countdown = setTimeout(() => this.#tick(), 250);
    }
  }

  #onFailure(error: unknown): void {
    if (isFarewell(error)) {
      return;
    }
    if (error !== this.#status?.cause) {
      const { message, remedy } = explain(error);
      this.#note(message, "error", remedy);
      this.#notice(error);
    }
  }

  #notice(error: unknown): void {
    const { message, remedy, code } = explain(error);
    const notice = make("div", "notice");
    const words = make("div", "notice-words");
    words.append(make("p", "notice-message", message));
    if (remedy) {
      words.append(make("p", "notice-remedy", remedy));
    }
    if (code) {
      words.append(make("p", "notice-code code", code));
    }
    const close = make("button", "button small icon", "✕");
    close.type = "button";
    close.setAttribute("aria-label", t("Dismiss"));
    close.addEventListener("click", () => notice.remove());
    notice.append(words, close);
    this.#notices.replaceChildren(notice);
  }

  #note(text: string, tone: string, remedy = ""): void {
    if (this.#history.querySelector(".history-line span")?.textContent === text) {
      return;
    }
    const line = make("li", "history-line");
    line.dataset.tone = tone;
    const words = make("div", "history-words");
    words.append(make("span", "", text));
    if (remedy) {
      words.append(make("span", "history-remedy", remedy));
    }
    line.append(make("time", "history-time", clock(Date.now())), words);
    this.#history.prepend(line);
    while (this.#history.childElementCount > HISTORY) {
      this.#history.lastElementChild?.remove();
    }
  }

  #showLimits(info: ConnectionInfo | undefined): void {
    const limits = byId("limits", HTMLElement);
    limits.hidden = info === undefined;
    if (!info) {
      return;
    }
    const list = byId("limits-list", HTMLElement);
    list.replaceChildren(
      ...factsOf(info).map(([name, text]) => {
        const row = make("div");
        row.append(make("dt", "", name), make("dd", "", text));
        return row;
      }),
    );
  }
}

function joined(...sentences: string[]): string {
  return sentences.filter(Boolean).join(" ");
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.ceil(milliseconds / 1000));
}

/** With `counting`, the seconds until the next attempt: too restless to be read out. */
function inWords({ state, attempt, nextTryAt }: LinkStatus, counting: boolean): string {
  switch (state) {
    case "idle":
      return t("Not connected");
    case "connecting":
      return attempt > 1 ? t("Connecting, attempt {attempt}", { attempt }) : t("Connecting");
    case "connected":
      return t("Connected");
    case "waiting": {
      const left = seconds((nextTryAt ?? 0) - Date.now());
      return counting
        ? t("No connection, next try in {left} s", { left })
        : t("No connection, trying again soon");
    }
    case "closing":
      return t("Disconnecting");
    case "closed":
      return t("Disconnected");
  }
}
