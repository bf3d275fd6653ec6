/** Topics as a tree, with the last message and the number of messages of each. No document here. */

import type { LogEntry } from "./message-log.js";

export interface TopicNode {
  /** Counts up; tells nodes apart. */
  readonly key: number;
  /** One level of the topic. */
  readonly name: string;
  /** The whole topic down to here. */
  readonly topic: string;
  readonly depth: number;
  readonly parent: TopicNode | undefined;
  readonly children: Map<string, TopicNode>;
  /** Messages of this topic and of all below. */
  total: number;
  /** Messages of this topic alone. */
  own: number;
  last: LogEntry | undefined;
  /** The one before. */
  before: LogEntry | undefined;
  /** What the broker had stored, as far as it has said so. */
  retained: LogEntry | undefined;
  open: boolean;
}

/** A flood of topics must not fill the memory. */
const NODES = 20_000;
/** What is deeper is one level. */
const DEEPEST = 32;
/** Levels that are open from the beginning. */
const OPEN = 2;

export class TopicTree {
  #roots = new Map<string, TopicNode>();
  #nodes = 0;
  /** Messages whose topics had no place any more. */
  overflow = 0;

  get size(): number {
    return this.#nodes;
  }

  take(entry: LogEntry): void {
    const node = this.#find(entry.message.topic);
    if (!node) {
      this.overflow += 1;
      return;
    }
    node.own += 1;
    node.before = node.last;
    node.last = entry;
    if (entry.message.retain) {
      node.retained = entry.message.payload.length > 0 ? entry : undefined;
    }
    for (let up: TopicNode | undefined = node; up; up = up.parent) {
      up.total += 1;
    }
  }

  forgetRetained(topic: string): void {
    const node = this.#find(topic);
    if (node) {
      node.retained = undefined;
    }
  }

  #find(topic: string): TopicNode | undefined {
    const levels = topic.split("/");
    if (levels.length > DEEPEST) {
      levels.push(levels.splice(DEEPEST - 1).join("/"));
    }
    let siblings = this.#roots;
    let parent: TopicNode | undefined;
    for (const name of levels) {
      let node = siblings.get(name);
      if (!node) {
        if (this.#nodes >= NODES) {
          return undefined;
        }
        node = this.#create(name, parent);
        siblings.set(name, node);
      }
      parent = node;
      siblings = node.children;
    }
    return parent;
  }

  #create(name: string, parent: TopicNode | undefined): TopicNode {
    this.#nodes += 1;
    const depth = parent ? parent.depth + 1 : 0;
    return {
      key: this.#nodes,
      name,
      topic: parent ? `${parent.topic}/${name}` : name,
      depth,
      parent,
      children: new Map(),
      total: 0,
      own: 0,
      last: undefined,
      before: undefined,
      retained: undefined,
      open: depth < OPEN,
    };
  }

  /** What is in sight, from top to bottom, siblings by name. */
  visible(): TopicNode[] {
    const rows: TopicNode[] = [];
    const walk = (siblings: Map<string, TopicNode>) => {
      for (const node of [...siblings.values()].sort(byName)) {
        rows.push(node);
        if (node.open) {
          walk(node.children);
        }
      }
    };
    walk(this.#roots);
    return rows;
  }

  clear(): void {
    this.#roots = new Map();
    this.#nodes = 0;
    this.overflow = 0;
  }
}

function byName(one: TopicNode, other: TopicNode): number {
  return one.name < other.name ? -1 : 1;
}
