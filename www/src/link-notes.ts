/** What to know of the connection that is looked at: warnings of its client, and what an earlier page has left. */

import type { Connection } from "./connection.js";
import { byId, make, setText } from "./dom.js";
import { explain } from "./errors.js";
import { count } from "./format.js";
import { listed, t } from "./language.js";
import type { Link } from "./link.js";
import type { OpenConnections } from "./open-connections.js";
import { tally } from "./outbox.js";

export class LinkNotes {
  readonly #notes = byId("link-notes", HTMLElement);
  readonly #restored = byId("link-restored", HTMLElement);
  readonly #warnings = byId("link-warnings", HTMLElement);

  constructor(connections: OpenConnections) {
    connections.follow((connection) => this.#attach(connection));
  }

  #attach({ link }: Connection): (() => void)[] {
    const show = () => this.#show(link);
    show();
    return [link.status.listen(show), link.restoredChanged.listen(show)];
  }

  #show(link: Link): void {
    const { sent, waits, arrived, failed } = tally(link.restored);
    const parts = [
      sent > 0 ? t("{count} in flight", { count: count(sent) }) : "",
      waits > 0 ? t("{count} waiting", { count: count(waits) }) : "",
      arrived > 0 ? t("{count} arrived", { count: count(arrived) }) : "",
      failed > 0 ? t("{count} failed", { count: count(failed) }) : "",
    ].filter(Boolean);
    setText(
      this.#restored,
      parts.length > 0 ? t("Published before the reload: {parts}.", { parts: listed(parts) }) : "",
    );
    const warnings = link.live ? link.warnings : [];
    this.#warnings.replaceChildren(
      ...warnings.map((warning) => {
        const { message, remedy } = explain(warning);
        return make("li", "warning", `${message} ${remedy}`);
      }),
    );
    this.#warnings.hidden = warnings.length === 0;
    this.#notes.hidden = warnings.length === 0 && parts.length === 0;
  }
}
