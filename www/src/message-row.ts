/** One line of the list of messages. */

import type { Message } from "webmqtt";
import { make } from "./dom.js";
import { clockExact } from "./format.js";
import { t } from "./language.js";
import type { LogEntry } from "./message-log.js";
import { preview } from "./payload.js";
import { topicName } from "./topic-name.js";
import type { RowView } from "./virtual-list.js";

/** The elements of a row, so that filling it needs no search. */
interface Cells {
  readonly time: HTMLElement;
  readonly topic: HTMLElement;
  readonly flags: HTMLElement;
  readonly payload: HTMLElement;
  shown?: LogEntry;
}

export class MessageRows implements RowView<LogEntry> {
  readonly #cells = new WeakMap<Element, Cells>();
  readonly #isSelected: (entry: LogEntry) => boolean;

  constructor(isSelected: (entry: LogEntry) => boolean) {
    this.#isSelected = isSelected;
  }

  key(entry: LogEntry): number {
    return entry.serial;
  }

  /** The message whose row was clicked. */
  entryAt(target: Element): LogEntry | undefined {
    const row = target.closest(".row");
    return row ? this.#cells.get(row)?.shown : undefined;
  }

  create(): HTMLElement {
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

  fill(row: HTMLElement, entry: LogEntry, index: number, total: number): void {
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
      fillPayload(cells.payload, message.payload);
    }
    row.setAttribute("aria-posinset", String(index + 1));
    row.setAttribute("aria-setsize", String(total));
    row.setAttribute("aria-selected", String(this.#isSelected(entry)));
  }
}

export function rowId(entry: LogEntry): string {
  return `message-${entry.serial}`;
}

export function fillPayload(cell: HTMLElement, payload: Uint8Array): void {
  const empty = payload.length === 0;
  cell.textContent = empty ? t("(empty)") : preview(payload);
  cell.classList.toggle("muted", empty);
}

function flagsOf(message: Message): HTMLElement[] {
  const flags = [make("span", "flag", `QoS ${message.qos}`)];
  if (message.retain) {
    flags.push(make("span", "flag flag-retain", t("retained")));
  }
  return flags;
}
