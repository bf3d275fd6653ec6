/** What happened to a connection, in words: causes, remedies, and for how long it had been well. No document here. */

import { explain, isFarewell } from "./errors.js";
import { lasting } from "./format.js";
import { t } from "./language.js";
import type { Link, LinkStatus } from "./link.js";
import { Ring } from "./ring.js";
import { Signal } from "./signal.js";

const KEPT = 50;

export interface TimelineEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
  readonly tone: string;
  /** What to do about it, told once; or empty. */
  readonly remedy: string;
}

export class Timeline {
  readonly entries = new Ring<TimelineEntry>(KEPT);
  readonly noted = new Signal<TimelineEntry>();
  /** The error that stands, or `undefined`. */
  readonly noticed = new Signal<unknown>();
  #notice: unknown;
  #cause: unknown;
  /** Why the last attempt failed: told once, however many follow. */
  #told = "";
  #remedy = "";
  /** When the connection was made that stands. */
  #since: number | undefined;

  constructor(link: Link) {
    link.status.listen((status) => this.#onStatus(status));
    link.failed.listen((error) => this.#onFailure(error));
  }

  /** The error that stands: until the next connection, or until it is dismissed. */
  get notice(): unknown {
    return this.#notice;
  }

  dismiss(): void {
    this.#notify(undefined);
  }

  /** Something else that belongs to its history. */
  note(text: string, tone: string, remedy = ""): void {
    if (this.entries.at(this.entries.length - 1)?.text === text) {
      return;
    }
    const entry = { at: Date.now(), text, tone, remedy };
    this.entries.push(entry);
    this.noted.emit(entry);
  }

  #onStatus(status: LinkStatus): void {
    const { state, attempt, cause } = status;
    this.#cause = cause;
    const line = this.#line(status);
    this.note(line, state, this.#remedyOf(status));
    if (state === "connected" || (state === "connecting" && attempt <= 1)) {
      this.#notify(undefined);
    } else if (cause) {
      this.#notify(cause);
    }
  }

  #onFailure(error: unknown): void {
    if (!isFarewell(error) && error !== this.#cause) {
      const { message, remedy } = explain(error);
      this.note(message, "error", remedy);
      this.#notify(error);
    }
  }

  #notify(error: unknown): void {
    this.#notice = error;
    this.noticed.emit(error);
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

  #line({ state, attempt, nextTryAt, cause, url, info }: LinkStatus): string {
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
        const left = secondsUntil(nextTryAt);
        const words = again ? t("Failed as before.") : why || t("No connection.");
        return joined(words, this.#stood(), t("Next try in {left} s.", { left }));
      }
      case "closing":
        return t("Disconnecting");
      case "closed":
        return joined(t("Disconnected"), this.#stood());
    }
  }
}

function joined(...sentences: string[]): string {
  // A full stop of Chinese has its blank in it.
  return sentences.filter(Boolean).join(" ").replaceAll("。 ", "。");
}

/** Whole seconds until then, in milliseconds since the epoch. */
export function secondsUntil(at: number | undefined): number {
  return Math.max(0, Math.ceil(((at ?? 0) - Date.now()) / 1000));
}

/** A state in words. With `counting`, the seconds until the next attempt: too restless to be read out. */
export function inWords({ state, attempt, nextTryAt }: LinkStatus, counting: boolean): string {
  switch (state) {
    case "idle":
      return t("Not connected");
    case "connecting":
      return attempt > 1 ? t("Connecting, attempt {attempt}", { attempt }) : t("Connecting");
    case "connected":
      return t("Connected");
    case "waiting":
      return counting
        ? t("No connection, next try in {left} s", { left: secondsUntil(nextTryAt) })
        : t("No connection, trying again soon");
    case "closing":
      return t("Disconnecting");
    case "closed":
      return t("Disconnected");
  }
}
