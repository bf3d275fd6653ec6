/** The session's state: what is in flight, what waits, quotas, aliases, subscriptions, and what an earlier page has left. */

import type { Aliases, InFlight, Quota, SessionState } from "webmqtt/inspect";
import type { Connection } from "./connection.js";
import { make, setText } from "./dom.js";
import { bytes, count, lasting } from "./format.js";
import { listed, t } from "./language.js";
import type { OpenPublish, RestoredPublish } from "./outbox.js";

/** Rows of a table; how many more there are is said. */
const ROWS = 100;
/** Milliseconds between two looks. */
const PAUSE = 500;
const FOREVER = 0xffff_ffff;

type Row = readonly string[];

export class SessionView {
  readonly element = make("div", "session");
  /** Inside of what scrolls: columns of a fixed height would go on sideways. */
  readonly #columns = make("div", "session-columns");
  readonly #parts = new Map<string, Part>();
  #connection: Connection;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.element.dataset.testid = "session";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "region");
    this.element.setAttribute("aria-label", t("State of the session"));
    this.element.hidden = true;
    this.element.append(this.#columns);
  }

  attach(connection: Connection): void {
    this.#connection = connection;
    if (!this.element.hidden) {
      this.#paint();
    }
  }

  /** While it is seen, it keeps up. */
  show(shown: boolean): void {
    this.element.hidden = !shown;
    clearInterval(this.#timer);
    if (shown) {
      this.#timer = setInterval(() => this.#paint(), PAUSE);
      this.#paint();
    }
  }

  #paint(): void {
    const { inspection, link } = this.#connection;
    const { session } = inspection;
    const { restored, stats } = link;
    const now = Date.now();
    const queued = stats?.queuedMessages ?? 0;
    this.#show("restored", t("From before the reload"), restored.length > 0, restored.length, {
      heads: [t("Topic"), "QoS", t("What became of it")],
      rows: restored.map(restoredRow),
    });
    const inFlight = session?.inFlight ?? [];
    this.#show("in-flight", t("In flight"), true, inFlight.length, {
      heads: ["", t("Identifier"), t("Packet"), t("Topic"), t("Waits for"), t("For")],
      rows: inFlight.map((each) => inFlightRow(each, now)),
      empty: t("Nothing waits for an acknowledgement."),
    });
    const waiting = link.outbox.waiting(queued);
    this.#show("queue", t("Waiting to be sent"), true, queued, {
      facts:
        queued > 0
          ? [
              [t("Size"), bytes(stats?.queuedBytes ?? 0)],
              [t("Oldest"), ageOf(waiting[0], now)],
            ]
          : [],
      heads: [t("Topic"), "QoS", t("For")],
      rows: waiting.map((each) => [each.topic ?? "", String(each.qos), ageOf(each, now)]),
      empty: t("Nothing waits to be sent."),
    });
    this.#show("numbers", t("Quotas and identifiers"), session !== undefined, undefined, {
      facts: session ? numbers(session) : [],
    });
    const { aliasesOut, aliasesIn } = session ?? {};
    const aliases = [...aliasRows("↑", aliasesOut), ...aliasRows("↓", aliasesIn)];
    this.#show("aliases", t("Topic aliases"), session?.version === 5, aliases.length, {
      facts: [
        [t("To send with"), usedOf(aliasesOut)],
        [t("To receive with"), usedOf(aliasesIn)],
      ],
      heads: ["", t("Alias"), t("Topic")],
      rows: aliases,
    });
    const subscriptions = session?.subscriptions ?? [];
    this.#show("subscriptions", t("Subscriptions"), true, subscriptions.length, {
      heads: [t("Topic filter"), "QoS", t("Options"), t("Identifier")],
      rows: subscriptions.map(subscriptionRow),
      empty: t("The broker was asked for none over this connection."),
    });
  }

  #show(
    name: string,
    title: string,
    shown: boolean,
    number: number | undefined,
    content: Content,
  ): void {
    let part = this.#parts.get(name);
    if (!part) {
      part = new Part(name);
      this.#parts.set(name, part);
      this.#columns.append(part.element);
    }
    part.element.hidden = !shown;
    if (shown) {
      part.show(number === undefined ? title : `${title} (${count(number)})`, content);
    }
  }
}

interface Content {
  readonly facts?: readonly (readonly [name: string, text: string])[];
  readonly heads?: readonly string[];
  readonly rows?: readonly Row[];
  /** Instead of no rows. */
  readonly empty?: string;
}

/** A heading, facts and a table; painted anew where something is different. */
class Part {
  readonly element = make("section", "session-part");
  readonly #title = make("h3");
  readonly #facts = make("dl", "facts");
  readonly #table = make("table", "test-table");
  readonly #rest = make("p", "hint");
  #painted = "";

  constructor(name: string) {
    this.element.dataset.testid = `session-${name}`;
    this.#title.id = `session-${name}-title`;
    this.#table.setAttribute("aria-labelledby", this.#title.id);
    this.element.append(this.#title, this.#facts, this.#table, this.#rest);
  }

  show(title: string, content: Content): void {
    setText(this.#title, title);
    const { facts = [], heads = [], rows = [], empty = "" } = content;
    const shown = rows.slice(0, ROWS);
    const painted = JSON.stringify([facts, shown, rows.length]);
    if (painted === this.#painted) {
      return;
    }
    this.#painted = painted;
    this.#facts.hidden = facts.length === 0;
    this.#facts.replaceChildren(
      ...facts.map(([name, text]) => {
        const line = make("div");
        line.append(make("dt", "", name), make("dd", "", text));
        return line;
      }),
    );
    this.#table.hidden = rows.length === 0;
    const head = make("tr");
    head.append(
      ...heads.map((text) => {
        // What an arrow says needs no head.
        const cell = make(text === "" ? "td" : "th", "", text);
        if (cell instanceof HTMLTableCellElement && text !== "") {
          cell.scope = "col";
        }
        return cell;
      }),
    );
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    body.append(...shown.map(tableRow));
    this.#table.replaceChildren(top, body);
    const more = rows.length - shown.length;
    setText(
      this.#rest,
      rows.length === 0 ? empty : more > 0 ? t("And {count} more.", { count: count(more) }) : "",
    );
  }
}

function tableRow(texts: Row): HTMLElement {
  const row = make("tr");
  row.append(
    ...texts.map((text) => {
      const cell = make("td", "");
      if (text === "↑" || text === "↓") {
        const arrow = make("span", "packet-arrow", text);
        arrow.setAttribute("role", "img");
        arrow.setAttribute("aria-label", text === "↑" ? t("sent") : t("received"));
        cell.append(arrow);
      } else {
        cell.textContent = text;
      }
      return cell;
    }),
  );
  return row;
}

function restoredRow({ topic, qos, state, words }: RestoredPublish): Row {
  const texts = {
    sent: t("in flight"),
    waits: t("waits in the queue"),
    arrived: t("arrived"),
    failed: words,
  };
  return [topic ?? t("all but the last step"), String(qos), texts[state]];
}

function inFlightRow(each: InFlight, now: number): Row {
  const { direction, packetIdentifier, type, qos, topic, awaits, since, times } = each;
  const name = qos === undefined ? type : `${type} QoS ${qos}`;
  return [
    direction === "out" ? "↑" : "↓",
    String(packetIdentifier),
    times > 1 ? t("{packet}, sent {count} times", { packet: name, count: times }) : name,
    topic ?? "",
    awaits,
    lasting(Math.max(0, now - since)),
  ];
}

function ageOf(publish: OpenPublish | undefined, now: number): string {
  return publish?.since === undefined
    ? t("since before the reload")
    : lasting(Math.max(0, now - publish.since));
}

function quotaOf({ left, receiveMaximum }: Quota): string {
  return left === undefined || receiveMaximum === undefined
    ? t("no limit")
    : t("{left} of {all} left", { left: count(left), all: count(receiveMaximum) });
}

function numbers(session: SessionState): [string, string][] {
  const { inFlight, send, receive, sessionPresent, sessionExpiry, clean, connected } = session;
  const used = inFlight
    .filter(({ direction }) => direction === "out")
    .map(({ packetIdentifier }) => packetIdentifier)
    .sort((one, other) => one - other);
  const some = used.slice(0, 20).join(", ");
  // Before MQTT 5 a clean session ends with its connection, and another one does not end.
  const expiry = sessionExpiry ?? (clean ? 0 : FOREVER);
  return [
    [t("Session"), connected ? (sessionPresent ? t("went on") : t("new")) : "–"],
    [t("Session expiry"), expiryOf(expiry)],
    [t("Quota to send (QoS 1 and 2)"), quotaOf(send)],
    [t("Quota to receive (QoS 1 and 2)"), quotaOf(receive)],
    [
      t("Identifiers in use"),
      used.length === 0
        ? t("none")
        : `${count(used.length)}: ${some}${used.length > 20 ? ", …" : ""}`,
    ],
  ];
}

function expiryOf(seconds: number): string {
  if (seconds === 0) {
    return t("ends with the connection");
  }
  return seconds === FOREVER ? t("never") : `${count(seconds)} s`;
}

function usedOf(aliases: Aliases | undefined): string {
  const { maximum = 0, topics = [] } = aliases ?? {};
  return t("{used} of {all} used", { used: count(topics.length), all: count(maximum) });
}

function aliasRows(arrow: string, aliases: Aliases | undefined): Row[] {
  return (aliases?.topics ?? []).map(([alias, topic]) => [arrow, String(alias), topic]);
}

function subscriptionRow(subscription: SessionState["subscriptions"][number]): Row {
  const { filter, qos, granted, noLocal, retainAsPublished, retainHandling, identifier } =
    subscription;
  const options = [
    noLocal ? t("not my own") : "",
    retainAsPublished ? t("retain as published") : "",
    retainHandling === 1 ? t("retained ones if new") : "",
    retainHandling === 2 ? t("no retained ones") : "",
  ];
  const level =
    granted === undefined
      ? t("asks for QoS {qos}", { qos })
      : granted === qos
        ? String(qos)
        : t("{granted} of {asked}", { granted, asked: qos });
  return [filter, level, listed(options), String(identifier ?? "")];
}
