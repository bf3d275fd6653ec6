/** The state of the connection that is looked at, in words: badge, notice, history, and what the broker allows. */

import type { ConnectionInfo } from "webmqtt";
import type { Connection } from "./connection.js";
import { byId, make, setText } from "./dom.js";
import { explain } from "./errors.js";
import { clock } from "./format.js";
import { t } from "./language.js";
import { factsOf } from "./limits.js";
import type { LinkStatus } from "./link.js";
import type { OpenConnections } from "./open-connections.js";
import { titleOf } from "./profile.js";
import type { ProfileStore } from "./profile-store.js";
import { inWords, type TimelineEntry } from "./timeline.js";

const HISTORY = 50;

export class StatusPanel {
  readonly #badge = byId("state", HTMLElement);
  readonly #text = byId("state-text", HTMLElement);
  readonly #spoken = byId("state-spoken", HTMLElement);
  readonly #notices = byId("notices", HTMLElement);
  readonly #history = byId("history-list", HTMLElement);
  #countdown: ReturnType<typeof setTimeout> | undefined;

  constructor(connections: OpenConnections, store: ProfileStore) {
    connections.follow((connection) => this.#attach(connection));
    connections.happened.listen(({ connection, status }) => {
      const words = inWords(status, false);
      const profile = store.find(connection.id);
      const elsewhere = connection !== connections.shown && profile;
      setText(this.#spoken, elsewhere ? `${titleOf(profile)}: ${words}` : words);
    });
  }

  #attach(connection: Connection): (() => void)[] {
    const { link, timeline, network } = connection;
    this.#history.replaceChildren();
    for (const entry of timeline.entries) {
      this.#note(entry);
    }
    this.#showStatus(link.now);
    this.#showNotice(connection);
    return [
      link.status.listen((status) => this.#showStatus(status)),
      timeline.noted.listen((entry) => this.#note(entry)),
      timeline.noticed.listen(() => this.#showNotice(connection)),
      network.changed.listen(() => this.#showNotice(connection)),
    ];
  }

  #showStatus(status: LinkStatus): void {
    this.#badge.dataset.state = status.state;
    this.#tick(status);
    this.#showLimits(status.info);
  }

  #tick(status: LinkStatus): void {
    clearTimeout(this.#countdown);
    setText(this.#text, inWords(status, true));
    if (status.nextTryAt !== undefined && status.nextTryAt > Date.now()) {
      this.#countdown = setTimeout(() => this.#tick(status), 250);
    }
  }

  #showNotice({ timeline, network }: Connection): void {
    // Whoever cut the network knows why nothing goes over it.
    if (timeline.notice === undefined || network.isCut) {
      this.#notices.replaceChildren();
      return;
    }
    const { message, remedy, code } = explain(timeline.notice);
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
    close.addEventListener("click", () => timeline.dismiss());
    notice.append(words, close);
    this.#notices.replaceChildren(notice);
  }

  #note({ at, text, tone, remedy }: TimelineEntry): void {
    const line = make("li", "history-line");
    line.dataset.tone = tone;
    const words = make("div", "history-words");
    words.append(make("span", "", text));
    if (remedy) {
      words.append(make("span", "history-remedy", remedy));
    }
    line.append(make("time", "history-time", clock(at)), words);
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
