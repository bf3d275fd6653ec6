/** The tree of topics: what came last and how much. A virtual list whose rows have levels. */

import { byId, make, setText } from "./dom.js";
import { clock, count } from "./format.js";
import { t } from "./language.js";
import type { LogEntry } from "./message-log.js";
import { fillPayload } from "./message-row.js";
import type { TopicNode, TopicTree } from "./topic-tree.js";
import { VirtualList } from "./virtual-list.js";

/** Milliseconds between two paintings. */
const PACE = 200;

interface Cells {
  readonly mark: HTMLElement;
  readonly name: HTMLElement;
  readonly count: HTMLElement;
  readonly time: HTMLElement;
  readonly flags: HTMLElement;
  readonly payload: HTMLElement;
  node?: TopicNode;
  last?: LogEntry | undefined;
  retained?: LogEntry | undefined;
}

export class TopicsPanel {
  #tree: TopicTree;
  readonly #scroller = byId("topics", HTMLElement);
  readonly #cells = new WeakMap<Element, Cells>();
  readonly #list: VirtualList<TopicNode>;
  readonly #onSelect: (entry: LogEntry | undefined, before?: LogEntry) => void;
  #rows: TopicNode[] = [];
  #selected: TopicNode | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onSelect is given the last message of a topic, and what to compare it with. */
  constructor(tree: TopicTree, onSelect: (entry: LogEntry | undefined, before?: LogEntry) => void) {
    this.#tree = tree;
    this.#onSelect = onSelect;
    const view = {
      create: () => this.#create(),
      fill: (row: HTMLElement, node: TopicNode) => this.#fill(row, node),
      key: (node: TopicNode) => node.key,
    };
    this.#list = new VirtualList(this.#scroller, view, () => this.#paint());
    this.#scroller.addEventListener("click", (event) => this.#onClick(event));
    this.#scroller.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Shows those of another connection. */
  attach(tree: TopicTree): void {
    this.#tree = tree;
    this.#selected = undefined;
    this.#scroller.scrollTop = 0;
    this.#paint();
  }

  /** Something came. */
  update(): void {
    if (!this.#scroller.hidden) {
      this.#timer ??= setTimeout(() => this.#paint(), PACE);
    }
  }

  show(shown: boolean): void {
    this.#scroller.hidden = !shown;
    if (shown) {
      this.#paint();
    }
  }

  /** All of it is gone. */
  cleared(): void {
    this.#selected = undefined;
    this.#paint();
  }

  get summary(): string {
    const { size, overflow } = this.#tree;
    const levels =
      size === 1 ? t("1 level of topics") : t("{count} levels of topics", { count: count(size) });
    return overflow > 0
      ? `${levels}, ${t("{count} messages found no place", { count: count(overflow) })}`
      : levels;
  }

  #paint(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#scroller.hidden) {
      return;
    }
    this.#rows = this.#tree.visible();
    const rows = this.#rows;
    this.#list.paint({ length: rows.length, row: (index) => rows[index] }, 0);
    if (this.#selected && rows.includes(this.#selected)) {
      this.#scroller.setAttribute("aria-activedescendant", `topic-${this.#selected.key}`);
    } else {
      this.#scroller.removeAttribute("aria-activedescendant");
    }
  }

  #create(): HTMLElement {
    const row = make("div", "topic-row");
    row.setAttribute("role", "treeitem");
    row.dataset.testid = "topic-row";
    const cells: Cells = {
      mark: make("span", "topic-mark"),
      name: make("span", "topic-level"),
      count: make("span", "topic-count"),
      time: make("span", "topic-time"),
      flags: make("span", "topic-flags"),
      payload: make("span", "row-payload"),
    };
    cells.mark.ariaHidden = "true";
    row.append(cells.mark, cells.name, cells.count, cells.flags, cells.payload, cells.time);
    this.#cells.set(row, cells);
    return row;
  }

  #fill(row: HTMLElement, node: TopicNode): void {
    const cells = this.#cells.get(row);
    if (!cells) {
      return;
    }
    const { last, children, open } = node;
    if (cells.node !== node) {
      cells.node = node;
      row.id = `topic-${node.key}`;
      row.dataset.topic = node.topic;
      row.title = node.topic;
      row.setAttribute("aria-level", String(node.depth + 1));
      row.style.setProperty("--depth", String(Math.min(node.depth, 12)));
      cells.name.textContent = node.name === "" ? t("(empty level)") : node.name;
    }
    setText(cells.count, count(node.total));
    setText(cells.mark, children.size === 0 ? "" : open ? "▾" : "▸");
    if (children.size > 0) {
      row.setAttribute("aria-expanded", String(open));
    } else {
      row.removeAttribute("aria-expanded");
    }
    row.setAttribute("aria-selected", String(node === this.#selected));
    if (cells.last !== last || cells.retained !== node.retained) {
      cells.last = last;
      cells.retained = node.retained;
      const retained = last?.message.retain
        ? [make("span", "flag flag-retain", t("retained"))]
        : [];
      cells.flags.replaceChildren(...retained);
      row.dataset.colour = last ? String(last.colour) : "";
      setText(cells.time, last ? clock(last.at) : "");
      if (last) {
        fillPayload(cells.payload, last.message.payload);
      } else {
        cells.payload.textContent = "";
      }
    }
  }

  #onClick(event: Event): void {
    const target = event.target as Element;
    const row = target.closest(".topic-row");
    const node = row ? this.#cells.get(row)?.node : undefined;
    if (!node) {
      return;
    }
    if (target.closest(".topic-mark") || !node.last) {
      node.open = !node.open;
    }
    this.#select(node);
  }

  #onKey(event: KeyboardEvent): void {
    const node = this.#selected;
    const at = node ? this.#rows.indexOf(node) : -1;
    const last = this.#rows.length - 1;
    const rows: Record<string, number> = {
      ArrowDown: Math.min(at + 1, last),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    };
    let next = this.#rows[rows[event.key] ?? -1];
    if (event.key === "ArrowRight" && node && node.children.size > 0) {
      next = node.open ? this.#rows[at + 1] : node;
      node.open = true;
    } else if (event.key === "ArrowLeft" && node) {
      next = node.open && node.children.size > 0 ? node : node.parent;
      node.open = false;
    } else if (event.key === "Escape") {
      this.#onSelect(undefined);
    }
    if (next) {
      event.preventDefault();
      this.#select(next);
      this.#list.scrollTo(this.#rows.indexOf(next));
    }
  }

  #select(node: TopicNode): void {
    this.#selected = node;
    const { last, before, retained } = node;
    this.#onSelect(last, retained === last ? before : (retained ?? before));
    this.#paint();
  }
}
