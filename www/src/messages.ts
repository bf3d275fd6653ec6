/** The list of messages: newest first, searchable, pausable, with one message in detail. */

import type { Message } from "webmqtt";
import { MessageDetail } from "./detail.js";
import { byId, make, setText } from "./dom.js";
import { clockExact, count } from "./format.js";
import { Painter } from "./frame.js";
import { type LogEntry, MessageLog } from "./message-log.js";
import { preview } from "./payload.js";
import { topicName } from "./topic-name.js";
import { type Rows, VirtualList } from "./virtual-list.js";

/** The elements of a row, so that filling it needs no search. */
interface Cells {
  readonly time: HTMLElement;
  readonly topic: HTMLElement;
  readonly flags: HTMLElement;
  readonly payload: HTMLElement;
  shown?: LogEntry;
}

export class MessagesPanel {
  readonly log = new MessageLog();
  readonly #scroller = byId("messages", HTMLElement);
  readonly #empty = byId("messages-empty", HTMLElement);
  readonly #count = byId("messages-count", HTMLElement);
  readonly #newer = byId("newer", HTMLButtonElement);
  readonly #pause = byId("pause", HTMLButtonElement);
  readonly #detail: MessageDetail;
  readonly #cells = new WeakMap<HTMLElement, Cells>();
  readonly #list: VirtualList<LogEntry>;
  readonly #painter = new Painter(() => this.#paint());
  #rows: LogEntry[] | undefined;
  #paintedSerial = -1;
  #unseen = 0;
  #selected: LogEntry | undefined;

  constructor(onReply: (message: Message) => void) {
    this.#detail = new MessageDetail(onReply, () => this.#select(undefined));
    const view = {
      create: () => this.#createRow(),
      fill: (row: HTMLElement, entry: LogEntry, index: number, total: number) =>
        this.#fillRow(row, entry, index, total),
      key: (entry: LogEntry) => entry.serial,
    };
    this.#list = new VirtualList(this.#scroller, view, () => this.#painter.request());
    this.#scroller.addEventListener("click", (event) => this.#onClick(event));
    this.#scroller.addEventListener("keydown", (event) => this.#onKey(event));
    this.#newer.addEventListener("click", () => {
      this.#list.scrollToTop();
      this.#scroller.focus();
    });
    this.#pause.addEventListener("click", () => this.#togglePause());
    byId("clear", HTMLButtonElement).addEventListener("click", () => this.clear());
    const search = byId("search", HTMLInputElement);
    search.addEventListener("input", () => this.#search(search.value.trim()));
    this.#painter.request();
  }

  add(message: Message, at: number, colour: number): void {
    this.log.push(message, at, colour);
    this.#painter.request();
  }

  get #paused(): boolean {
    return this.#rows !== undefined;
  }

  /** While paused a copy of the list, because the log goes on forgetting. */
  #view(): Rows<LogEntry> {
    const shown = this.#rows;
    if (shown) {
      return { length: shown.length, row: (index) => shown[shown.length - 1 - index] };
    }
    const found = this.log.found;
    return { length: found.length, row: (index) => found.at(found.length - 1 - index) };
  }

  #paint(): void {
    const rows = this.#view();
    const added = this.#paused ? 0 : this.#countNew(rows);
    this.#list.paint(rows, added);
    this.#unseen = this.#list.atTop ? 0 : this.#unseen + added;
    this.#newer.hidden = this.#unseen === 0;
    if (this.#unseen > 0) {
      setText(this.#newer, `${count(this.#unseen)} newer`);
    }
    this.#empty.hidden = rows.length > 0;
    setText(
      this.#empty,
      this.log.query === ""
        ? "Connect and subscribe: messages appear here, newest first."
        : "No message matches the search.",
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
    this.#paintedSerial = this.log.received - 1;
    return added;
  }

  #summary(found: number): string {
    const { kept, received, query } = this.log;
    if (received === 0) {
      return "No messages";
    }
    const parts = [];
    if (this.#rows) {
      const missed = received - 1 - (this.#rows.at(-1)?.serial ?? -1);
      parts.push(`Paused, ${count(Math.max(missed, 0))} came since`);
    }
    if (query !== "") {
      parts.push(`${count(found)} found in the last ${count(kept)}`);
    } else if (kept < received) {
      parts.push(`the last ${count(kept)} of ${count(received)}`);
    } else {
      parts.push(received === 1 ? "1 message" : `${count(received)} messages`);
    }
    return parts.join(" · ");
  }

  #createRow(): HTMLElement {
    const row = make("div", "row");
    row.setAttribute("role", "option");
    row.dataset.testid = "message-row";
    const cells: Cells = {
      time: make("span", "row-time"),
      topic: make("span", "row-topic"),
      flags: make("span", "row-flags"),
      payload: make("span", "row-payload"),
    };
    row.append(cells.time, cells.topic, cells.flags, cells.payload);
    this.#cells.set(row, cells);
    return row;
  }

  #fillRow(row: HTMLElement, entry: LogEntry, index: number, total: number): void {
    const cells = this.#cells.get(row);
    if (!cells) {
      return;
    }
    if (cells.shown !== entry) {
      cells.shown = entry;
      const { message } = entry;
      row.id = rowId(entry);
      row.dataset.topic = message.topic;
      row.dataset.colour = String(entry.colour);
      cells.time.textContent = clockExact(entry.at);
      cells.topic.replaceChildren(topicName(message.topic));
      cells.topic.title = message.topic;
      cells.flags.replaceChildren(...flagsOf(message));
      const empty = message.payload.length === 0;
      cells.payload.textContent = empty ? "(empty)" : preview(message.payload);
      cells.payload.classList.toggle("muted", empty);
    }
    row.setAttribute("aria-posinset", String(index + 1));
    row.setAttribute("aria-setsize", String(total));
    row.setAttribute("aria-selected", String(entry === this.#selected));
  }

  #onClick(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>(".row");
    const entry = row ? this.#cells.get(row)?.shown : undefined;
    if (entry) {
      this.#select(entry === this.#selected ? undefined : entry);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const rows = this.#view();
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

  #togglePause(): void {
    this.#rows = this.#paused ? undefined : [...this.log.found];
    this.#pause.setAttribute("aria-pressed", String(this.#paused));
    setText(this.#pause, this.#paused ? "Resume" : "Pause");
    this.#painter.request();
  }

  clear(): void {
    this.log.clear();
    if (this.#paused) {
      this.#rows = [];
    }
    this.#unseen = 0;
    this.#select(undefined);
  }

  #search(query: string): void {
    this.log.search(query);
    if (this.#paused) {
      this.#rows = [...this.log.found];
    }
    this.#unseen = 0;
    this.#list.scrollToTop();
    this.#painter.request();
  }
}

function rowId(entry: LogEntry): string {
  return `message-${entry.serial}`;
}

function flagsOf(message: Message): HTMLElement[] {
  const flags = [make("span", "flag", `QoS ${message.qos}`)];
  if (message.retain) {
    flags.push(make("span", "flag flag-retain", "retained"));
  }
  return flags;
}
