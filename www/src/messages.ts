/**
 * The messages of the connection that is looked at: as a list, newest first, searchable and pausable, or as a tree of
 * topics; one of them in detail.
 */

import type { Connection } from "./connection.js";
import { type DetailActions, MessageDetail } from "./detail.js";
import { byId, onChoice, setText } from "./dom.js";
import { toCsv, toJson } from "./export.js";
import { download } from "./files.js";
import { count } from "./format.js";
import { Painter } from "./frame.js";
import { t } from "./language.js";
import { closeMenu, wireMenu } from "./menu.js";
import type { LogEntry } from "./message-log.js";
import { MessageRows, rowId } from "./message-row.js";
import type { OpenConnections } from "./open-connections.js";
import { TopicsPanel } from "./topics.js";
import { type Rows, VirtualList } from "./virtual-list.js";

export class MessagesPanel {
  readonly #scroller = byId("messages", HTMLElement);
  readonly #empty = byId("messages-empty", HTMLElement);
  readonly #count = byId("messages-count", HTMLElement);
  readonly #newer = byId("newer", HTMLButtonElement);
  readonly #pause = byId("pause", HTMLButtonElement);
  readonly #detail: MessageDetail;
  readonly #view = new MessageRows((entry) => entry === this.#selected);
  readonly #topics: TopicsPanel;
  readonly #search = byId("search", HTMLInputElement);
  readonly #list: VirtualList<LogEntry>;
  readonly #painter = new Painter(() => this.#paint());
  #connection: Connection;
  /** What stands still, for each connection that is paused. */
  readonly #paused = new WeakMap<Connection, LogEntry[]>();
  #paintedSerial = -1;
  #unseen = 0;
  #selected: LogEntry | undefined;

  constructor(connections: OpenConnections, actions: Pick<DetailActions, "reply" | "draw">) {
    this.#connection = connections.shown;
    this.#topics = new TopicsPanel(connections.shown.topics, (entry, before) =>
      this.#detail.show(entry, before),
    );
    this.#detail = new MessageDetail({
      ...actions,
      forget: async (topic) => {
        await this.#connection.forget(topic);
        this.#topics.update();
      },
      only: (topic) => this.#showOnly(topic),
      close: () => this.#select(undefined),
    });
    this.#list = new VirtualList(this.#scroller, this.#view, () => this.#painter.request());
    this.#scroller.addEventListener("click", (event) => this.#onClick(event));
    this.#scroller.addEventListener("keydown", (event) => this.#onKey(event));
    this.#newer.addEventListener("click", () => {
      this.#list.scrollToTop();
      this.#scroller.focus();
    });
    this.#pause.addEventListener("click", () => this.#togglePause());
    byId("clear", HTMLButtonElement).addEventListener("click", () => this.#clear());
    this.#search.addEventListener("input", () => this.#find(this.#search.value.trim()));
    const menu = byId("export-menu", HTMLDetailsElement);
    wireMenu(menu);
    const save = (id: string, name: string, type: string, format: (from: LogEntry[]) => string) =>
      byId(id, HTMLButtonElement).addEventListener("click", () => {
        closeMenu(menu);
        download(name, type, format(this.#rows ?? [...this.#log.found]));
      });
    save("export-json", "messages.json", "application/json", toJson);
    save("export-csv", "messages.csv", "text/csv", toCsv);
    onChoice("message-view", (view) => {
      this.#scroller.hidden = view !== "list";
      this.#topics.show(view === "topics");
      this.#select(undefined);
    });
    connections.follow((connection) => this.#attach(connection));
  }

  get #log() {
    return this.#connection.log;
  }

  /** While paused: what the list shows. */
  get #rows(): LogEntry[] | undefined {
    return this.#paused.get(this.#connection);
  }

  #attach(connection: Connection): (() => void)[] {
    this.#connection = connection;
    this.#search.value = this.#log.query;
    this.#topics.attach(connection.topics);
    this.#paintedSerial = this.#log.received - 1;
    this.#unseen = 0;
    this.#list.scrollToTop();
    this.#showPause();
    this.#select(undefined);
    return [
      connection.received.listen(() => {
        this.#topics.update();
        this.#painter.request();
      }),
    ];
  }

  /** While paused a copy of the list, because the log goes on forgetting. */
  #shown(): Rows<LogEntry> {
    const shown = this.#rows;
    if (shown) {
      return { length: shown.length, row: (index) => shown[shown.length - 1 - index] };
    }
    const found = this.#log.found;
    return { length: found.length, row: (index) => found.at(found.length - 1 - index) };
  }

  #paint(): void {
    const rows = this.#shown();
    const added = this.#rows ? 0 : this.#countNew(rows);
    this.#list.paint(rows, added);
    this.#unseen = this.#list.atTop ? 0 : this.#unseen + added;
    this.#newer.hidden = this.#unseen === 0 || this.#scroller.hidden;
    if (this.#unseen > 0) {
      setText(this.#newer, t("{count} newer", { count: count(this.#unseen) }));
    }
    const shown = this.#scroller.hidden ? this.#log.kept : rows.length;
    this.#empty.hidden = shown > 0;
    setText(
      this.#empty,
      this.#log.query === ""
        ? t("Connect and subscribe: messages appear here, newest first.")
        : t("No message matches the search."),
    );
    setText(this.#count, this.#summary(rows.length));
    if (this.#selected) {
      this.#scroller.setAttribute("aria-activedescendant", rowId(this.#selected));
    } else {
      this.#scroller.removeAttribute("aria-activedescendant");
    }
  }

  #countNew(rows: Rows<LogEntry>): number {
    let added = 0;
    while (added < rows.length && (rows.row(added)?.serial ?? -1) > this.#paintedSerial) {
      added += 1;
    }
    this.#paintedSerial = this.#log.received - 1;
    return added;
  }

  #summary(found: number): string {
    const { kept, received, query } = this.#log;
    if (received === 0) {
      return t("No messages");
    }
    const parts = this.#scroller.hidden ? [this.#topics.summary] : [];
    if (this.#rows) {
      const missed = received - 1 - (this.#rows.at(-1)?.serial ?? -1);
      parts.push(t("Paused, {count} came since", { count: count(Math.max(missed, 0)) }));
    }
    if (query !== "") {
      parts.push(t("{found} found in the last {kept}", { found: count(found), kept: count(kept) }));
    } else if (kept < received) {
      parts.push(
        t("the last {kept} of {received}", { kept: count(kept), received: count(received) }),
      );
    } else {
      parts.push(
        received === 1 ? t("1 message") : t("{count} messages", { count: count(received) }),
      );
    }
    return parts.join(" · ");
  }

  #onClick(event: Event): void {
    const entry = this.#view.entryAt(event.target as Element);
    if (entry) {
      this.#select(entry === this.#selected ? undefined : entry);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const rows = this.#shown();
    if (event.key === "Escape") {
      this.#select(undefined);
      return;
    }
    let current = -1;
    while (this.#selected && current < rows.length && rows.row(current) !== this.#selected) {
      current += 1;
    }
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / 40));
    const moves: Record<string, number> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: rows.length - 1,
    };
    const target = moves[event.key];
    if (target === undefined || rows.length === 0) {
      return;
    }
    event.preventDefault();
    const index = Math.min(Math.max(target, 0), rows.length - 1);
    this.#select(rows.row(index));
    this.#list.scrollTo(index);
  }

  #select(entry: LogEntry | undefined): void {
    this.#selected = entry;
    this.#detail.show(entry);
    this.#painter.request();
  }

  #freeze(): void {
    this.#paused.set(this.#connection, [...this.#log.found]);
  }

  #togglePause(): void {
    if (this.#rows) {
      this.#paused.delete(this.#connection);
    } else {
      this.#freeze();
    }
    this.#showPause();
    this.#painter.request();
  }

  #showPause(): void {
    this.#pause.setAttribute("aria-pressed", String(this.#rows !== undefined));
    setText(this.#pause, this.#rows ? t("Resume") : t("Pause"));
  }

  #clear(): void {
    this.#connection.clear();
    this.#topics.cleared();
    if (this.#rows) {
      this.#freeze();
    }
    this.#unseen = 0;
    this.#select(undefined);
  }

  /** The list of what came to this topic. */
  #showOnly(topic: string): void {
    byId("view-list", HTMLInputElement).click();
    this.#search.value = topic;
    this.#find(topic);
    this.#scroller.focus();
  }

  #find(query: string): void {
    this.#log.search(query);
    if (this.#rows) {
      this.#freeze();
    }
    this.#unseen = 0;
    this.#list.scrollToTop();
    this.#painter.request();
  }
}
