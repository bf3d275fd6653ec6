/**
 * The packets of the connection that is looked at, at the foot of the window: one line each, and the chosen one field by
 * field and in hex. Beside them the session's state.
 */

import type { TraceEvent } from "webmqtt/inspect";
import type { Connection } from "./connection.js";
import { headed, smallButton } from "./dialog.js";
import { make, setText } from "./dom.js";
import { download } from "./files.js";
import { bytes, clockExact } from "./format.js";
import { Painter } from "./frame.js";
import type { Inspection } from "./inspection.js";
import { t } from "./language.js";
import type { OpenConnections } from "./open-connections.js";
import { hexDump } from "./payload.js";
import { SessionView } from "./session-view.js";

/** What the dialog shows. */
type View = "packets" | "session";

export class PacketsPanel {
  /** Those whose packets were looked at since the dialog is open: they are kept, until it closes. */
  readonly #looked = new Set<Inspection>();
  #inspection: Inspection;
  readonly #dialog = make("dialog", "packets");
  readonly #list = make("ol", "packet-list");
  readonly #detail = make("div", "packet-detail");
  readonly #pause = smallButton(t("Pause"), "packets-pause", () => this.#togglePause());
  readonly #lines = new Map<TraceEvent, HTMLElement>();
  readonly #painter = new Painter(() => this.#paint());
  readonly #session: SessionView;
  readonly #body = make("div", "packets-body");
  readonly #tools = make("div", "tools");
  #view: View = "packets";
  #chosen: TraceEvent | undefined;

  constructor(connections: OpenConnections) {
    this.#inspection = connections.shown.inspection;
    this.#session = new SessionView(connections.shown);
    this.#dialog.dataset.testid = "packets";
    const { title, close } = headed(this.#dialog, "packets", t("Packets and session"));
    this.#pause.setAttribute("aria-pressed", "false");
    this.#tools.append(
      this.#pause,
      smallButton(t("Clear"), "packets-clear", () => this.#inspection.clear()),
      smallButton("JSON", "packets-json", () => this.#save()),
    );
    const tools = make("div", "tools");
    tools.append(this.#views(), this.#tools, close);
    const head = make("div", "dialog-head");
    head.append(title, tools);
    this.#detail.tabIndex = 0;
    this.#detail.setAttribute("role", "region");
    this.#detail.setAttribute("aria-label", t("Fields of the packet"));
    this.#detail.dataset.testid = "packet-detail";
    this.#list.setAttribute("aria-label", t("Packets, oldest first"));
    this.#body.append(this.#list, this.#detail);
    this.#dialog.append(head, this.#body, this.#session.element);
    this.#dialog.addEventListener("close", () => this.#onClose());
    document.body.append(this.#dialog);
    connections.follow((connection) => this.#attach(connection));
  }

  #views(): HTMLElement {
    const views = make("fieldset", "segments");
    views.append(make("legend", "visually-hidden", t("View")));
    for (const [view, text] of [
      ["packets", t("Packets")],
      ["session", t("Session")],
    ] as const) {
      const input = make("input");
      input.type = "radio";
      input.name = "packets-view";
      input.checked = view === this.#view;
      input.dataset.testid = `view-${view}`;
      input.addEventListener("change", () => this.#choose(view));
      const label = make("label");
      label.append(input, make("span", "", text));
      views.append(label);
    }
    return views;
  }

  #choose(view: View): void {
    this.#view = view;
    this.#body.hidden = view !== "packets";
    this.#tools.hidden = view !== "packets";
    this.#session.show(view === "session");
  }

  #attach(connection: Connection): (() => void)[] {
    const { inspection } = connection;
    this.#session.attach(connection);
    this.#inspection = inspection;
    this.#chosen = undefined;
    this.#detail.replaceChildren();
    if (this.#dialog.open) {
      this.#look();
    }
    const update = () => {
      if (this.#dialog.open) {
        this.#painter.request();
      }
    };
    return [inspection.changed.listen(update)];
  }

  #look(): void {
    if (!this.#looked.has(this.#inspection)) {
      this.#looked.add(this.#inspection);
      this.#inspection.watch(true);
    }
    this.#showPause();
    this.#paint();
  }

  #onClose(): void {
    for (const inspection of this.#looked) {
      inspection.watch(false);
    }
    this.#looked.clear();
    this.#session.show(false);
  }

  /** The page stays usable beside it. */
  open(): void {
    if (!this.#dialog.open) {
      this.#dialog.show();
    }
    this.#choose(this.#view);
    this.#look();
  }

  #togglePause(): void {
    this.#inspection.watch(!this.#inspection.watched);
    this.#showPause();
  }

  #showPause(): void {
    const paused = !this.#inspection.watched;
    this.#pause.setAttribute("aria-pressed", String(paused));
    setText(this.#pause, paused ? t("Go on") : t("Pause"));
  }

  #paint(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const atEnd = scrollTop + clientHeight >= scrollHeight - 8;
    const events = new Set(this.#inspection.events);
    for (const [event, line] of this.#lines) {
      if (!events.has(event)) {
        line.remove();
        this.#lines.delete(event);
      }
    }
    for (const event of events) {
      if (!this.#lines.has(event)) {
        const line = this.#line(event);
        this.#lines.set(event, line);
        this.#list.append(line);
      }
    }
    if (atEnd) {
      this.#list.scrollTop = this.#list.scrollHeight;
    }
  }

  #line(event: TraceEvent): HTMLElement {
    const button = make("button", "packet");
    button.type = "button";
    button.dataset.testid = "packet";
    button.append(make("span", "packet-time", clockExact(event.time)), ...words(event));
    button.addEventListener("click", () => {
      this.#chosen = event;
      for (const [each, line] of this.#lines) {
        line.firstElementChild?.toggleAttribute("data-chosen", each === event);
      }
      this.#show(event);
    });
    if (event === this.#chosen) {
      button.toggleAttribute("data-chosen", true);
    }
    const line = make("li");
    line.append(button);
    return line;
  }

  #show(event: TraceEvent): void {
    if (event.kind !== "packet") {
      this.#detail.replaceChildren();
      return;
    }
    const table = make("table", "test-table");
    const body = table.createTBody();
    for (const { name, value, meaning, covered, offset, length } of event.fields) {
      const row = make("tr");
      const head = make("th", "", name);
      head.scope = "row";
      const text = value instanceof Uint8Array ? hexDump(value.subarray(0, 256)) : String(value);
      const cell = make("td", "code packet-value", text);
      if (meaning || covered) {
        cell.append(make("span", "hint", ` ${meaning ?? t("covered")}`));
      }
      row.append(make("td", "packet-place", `${offset}+${length}`), head, cell);
      body.append(row);
    }
    const parts: HTMLElement[] = [table];
    if (event.broken) {
      parts.push(make("p", "problem", event.broken));
    }
    const hex = make("pre", "detail-payload code", hexDump(event.bytes));
    hex.dataset.testid = "packet-hex";
    this.#detail.replaceChildren(...parts, hex);
    this.#detail.scrollTop = 0;
  }

  #save(): void {
    const shown = (_: string, value: unknown) =>
      value instanceof Uint8Array
        ? Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")
        : value;
    const text = JSON.stringify([...this.#inspection.events], shown, 1);
    download("packets.json", "application/json", `${text}\n`);
  }
}

/** Direction, name and what tells one packet from the next. */
function words(event: TraceEvent): HTMLElement[] {
  if (event.kind !== "packet") {
    const texts = {
      opening: t("WebSocket: opening"),
      open: t("WebSocket: open"),
      close: t("WebSocket: closed"),
      noise: t("no MQTT"),
    };
    const code = event.kind === "close" ? ` ${event.code} ${event.reason}` : "";
    return [make("span", "packet-type packet-event", texts[event.kind] + code)];
  }
  const { direction, type, size, fields } = event;
  const told = fields.find(
    ({ name, value }) =>
      value !== "" && /^(?:Topic Name|Topic Alias|Topic Filter|Reason Code)$/.test(name),
  );
  const alias = told?.name === "Topic Alias" && t("alias {alias}", { alias: Number(told.value) });
  const arrow = make("span", "packet-arrow", direction === "out" ? "↑" : "↓");
  arrow.setAttribute("aria-label", direction === "out" ? t("sent") : t("received"));
  arrow.setAttribute("role", "img");
  return [
    arrow,
    make("span", "packet-type", type),
    make("span", "packet-told", alias || (told ? (told.meaning ?? String(told.value)) : "")),
    make("span", "packet-size", bytes(size)),
  ];
}
