/**
 * The panel of charts, of values or of the traffic of the connection that is looked at: a tile for every series, or one
 * over the other.
 */

import { ChartRange } from "./chart-range.js";
import type { Connection } from "./connection.js";
import { byId, make, onChoice, setText } from "./dom.js";
import { value } from "./format.js";
import { t } from "./language.js";
import type { OpenConnections } from "./open-connections.js";
import type { Plot, PlotData } from "./plot.js";
import { DRAWN, type Series, type SeriesStore } from "./series.js";
import { topicName } from "./topic-name.js";

/** Milliseconds between two drawings. */
const PACE = 100;
const CALM_PACE = 1_000;

/** A series' entry in the legend, with its own plot when arranged as tiles. */
interface Entry {
  readonly series: Series;
  readonly item: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly last: HTMLElement;
  readonly host: HTMLElement;
  colour: number | undefined;
  plot: Plot | undefined;
  times: Float64Array;
  values: Float64Array;
}

export class ChartPanel {
  readonly #root = byId("chart", HTMLElement);
  readonly #legend = byId("chart-legend", HTMLElement);
  /** Series that are not drawn. */
  readonly #off = byId("chart-off", HTMLElement);
  readonly #overlayHost = byId("chart-overlay", HTMLElement);
  readonly #empty = byId("chart-empty", HTMLElement);
  readonly #entries = new Map<string, Entry>();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #drawnAt = 0;
  readonly #range = new ChartRange(() => {
    this.#drawnAt = 0;
  });
  /** What draws is loaded with the first series. */
  #plots: typeof import("./plot.js") | undefined;
  #loading = false;
  #connection: Connection;
  #source = "values";
  #overlay: Plot | undefined;
  #overlaid = false;
  /** Time under the pointer. */
  #pointed: number | undefined;

  constructor(connections: OpenConnections) {
    this.#connection = connections.shown;
    onChoice("chart-source", (source) => this.#show(source));
    connections.follow((connection) => {
      this.#connection = connection;
      this.#show(this.#source);
      return [];
    });
    onChoice("arrangement", (arrangement) => {
      this.#overlaid = arrangement === "overlay";
      this.#root.dataset.arrangement = arrangement;
      this.#rebuild();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#rebuild());
    requestAnimationFrame(this.#frame);
  }

  get #store(): SeriesStore {
    const { values, traffic } = this.#connection;
    return this.#source === "traffic" ? traffic.store : values;
  }

  readonly #frame = (now: number): void => {
    requestAnimationFrame(this.#frame);
    const pace = this.#calm.matches ? CALM_PACE : PACE;
    const still = this.#range.stands && this.#drawnAt > 0;
    if (now - this.#drawnAt >= pace && !still) {
      this.#drawnAt = now;
      this.#draw();
    }
  };

  #draw(): void {
    this.#store.flush();
    const all = this.#store.all;
    if (all.length > 0 && !this.#plots) {
      void this.#load();
      return;
    }
    for (const series of all) {
      if (!this.#entries.has(series.id)) {
        this.#addEntry(series);
      }
    }
    this.#empty.hidden = all.length > 0;
    this.#root.closest(".card")?.classList.toggle("filled", all.length > 0);
    if (all.length === 0) {
      return;
    }
    const begins = all.flatMap(({ points }) => points.begin ?? []);
    const { from, to } = this.#range.now(begins.length > 0 ? Math.min(...begins) : undefined);
    for (const entry of this.#entries.values()) {
      [entry.times, entry.values] = entry.series.points.since(from);
      entry.plot?.draw([entry.times, entry.values], from, to);
      this.#fillValue(entry);
    }
    this.#overlay?.draw(this.#joined(), from, to);
  }

  async #load(): Promise<void> {
    if (!this.#loading) {
      this.#loading = true;
      this.#plots = await import("./plot.js");
      this.#drawnAt = 0;
    }
  }

  /** Draws one number of a topic. */
  watch(topic: string, path: string): void {
    byId("chart-values", HTMLInputElement).click();
    const id = this.#connection.draw(topic, path);
    this.#draw();
    this.#rebuild();
    this.#entries.get(id ?? "")?.item.scrollIntoView({ block: "nearest" });
  }

  #show(source: string): void {
    this.#source = source;
    this.#forget();
    this.#range.stand(undefined);
    setText(
      this.#empty,
      source === "traffic"
        ? t("What the connection carries is drawn as soon as there is one.")
        : t(
            "Numbers draw themselves: a payload like 21.5, or every number in JSON. A message in detail offers all of its numbers.",
          ),
    );
  }

  #drawnEntries(): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.colour !== undefined);
  }

  #joined(): PlotData {
    const lines = this.#drawnEntries().map((entry): PlotData => [entry.times, entry.values]);
    return this.#plots?.joined(lines) ?? [[]];
  }

  readonly #listeners = {
    point: (time: number | undefined) => this.#onCursor(time),
    choose: (from: number, to: number) => this.#range.stand({ from, to }),
    leave: () => this.#range.stand(undefined),
  };

  readonly #onCursor = (time: number | undefined): void => {
    this.#pointed = time;
    this.#root.classList.toggle("pointed", time !== undefined);
    for (const entry of this.#entries.values()) {
      this.#fillValue(entry);
    }
  };

  /** The value under the pointer, else the last one. */
  #fillValue({ last, series: { points } }: Entry): void {
    const number = this.#pointed === undefined ? points.last : points.valueAt(this.#pointed);
    setText(last, number === undefined ? "" : value(number));
  }

  #addEntry(series: Series): void {
    const item = make("li", "series-item");
    item.dataset.series = series.path ? `${series.topic} ${series.path}` : series.topic;
    const button = make("button", "series-toggle");
    button.type = "button";
    const name = topicName(series.topic);
    if (series.path) {
      name.append(make("span", "topic-path", ` ${series.path}`));
    }
    const last = make("span", "series-last");
    button.append(make("span", "swatch"), name);
    button.title = item.dataset.series;
    button.addEventListener("click", () => this.#toggle(series.id));
    const host = make("div", "series-plot");
    const head = make("div", "series-head");
    head.append(button, last);
    item.append(head, host);
    const none = new Float64Array();
    const entry: Entry = {
      series,
      item,
      button,
      last,
      host,
      colour: undefined,
      plot: undefined,
      times: none,
      values: none,
    };
    this.#entries.set(series.id, entry);
    this.#arrange(entry);
    this.#arrangeOverlay();
  }

  #forget(): void {
    for (const { plot } of this.#entries.values()) {
      plot?.destroy();
    }
    this.#entries.clear();
    this.#legend.replaceChildren();
    this.#off.replaceChildren();
    this.#rebuild();
  }

  #toggle(id: string): void {
    const entry = this.#entries.get(id);
    const wasDrawn = entry?.colour !== undefined;
    if (entry && !this.#store.toggle(id) && !wasDrawn) {
      entry.button.title = t(
        "Only {count} series are drawn at once; switch another one off first.",
        {
          count: DRAWN,
        },
      );
      return;
    }
    this.#rebuild();
  }

  #rebuild(): void {
    for (const entry of this.#entries.values()) {
      this.#arrange(entry);
    }
    this.#arrangeOverlay();
    this.#drawnAt = 0;
  }

  #arrange(entry: Entry): void {
    const { series, item, button, host } = entry;
    const wasDrawn = entry.colour !== undefined;
    entry.plot?.destroy();
    entry.plot = undefined;
    entry.colour = series.colour;
    const drawn = series.colour !== undefined;
    item.classList.toggle("off", !drawn);
    if (drawn !== wasDrawn || !item.isConnected) {
      const focused = item.contains(document.activeElement);
      (drawn ? this.#legend : this.#off).append(item);
      if (focused) {
        button.focus();
      }
    }
    item.dataset.colour = String(series.colour ?? "");
    button.setAttribute("aria-pressed", String(drawn));
    if (drawn && !this.#overlaid && this.#plots) {
      entry.plot = new this.#plots.Plot(host, [series.colour ?? 0], this.#listeners);
    }
  }

  #arrangeOverlay(): void {
    this.#overlay?.destroy();
    this.#overlay = undefined;
    const drawn = this.#drawnEntries();
    this.#overlayHost.hidden = !this.#overlaid || drawn.length === 0;
    if (!this.#overlayHost.hidden && this.#plots) {
      const colours = drawn.map((entry) => entry.colour ?? 0);
      this.#overlay = new this.#plots.Plot(this.#overlayHost, colours, this.#listeners);
    }
  }
}
