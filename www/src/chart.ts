/** The panel of live values: a tile for every series, or all of them over each other. */

import uPlot from "uplot";
import { byId, make, onChoice, setText } from "./dom.js";
import { value } from "./format.js";
import { Plot, type PlotData } from "./plot.js";
import { DRAWN, type Series, SeriesStore } from "./series.js";
import { topicName } from "./topic-name.js";

/** Milliseconds between two drawings. */
const PACE = 100;
const CALM_PACE = 1_000;
/** Seconds that are shown at least. */
const SHORTEST = 10;

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
  readonly store = new SeriesStore();
  readonly #root = byId("chart", HTMLElement);
  readonly #legend = byId("chart-legend", HTMLElement);
  /** Series that are not drawn. */
  readonly #off = byId("chart-off", HTMLElement);
  readonly #overlayHost = byId("chart-overlay", HTMLElement);
  readonly #empty = byId("chart-empty", HTMLElement);
  readonly #entries = new Map<string, Entry>();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #overlay: Plot | undefined;
  #overlaid = false;
  #seconds = 60;
  #drawnAt = 0;
  /** Time under the pointer. */
  #pointed: number | undefined;

  constructor() {
    onChoice("window", (seconds) => {
      this.#seconds = Number(seconds);
      this.#drawnAt = 0;
    });
    onChoice("arrangement", (arrangement) => {
      this.#overlaid = arrangement === "overlay";
      this.#root.dataset.arrangement = arrangement;
      this.#rebuild();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#rebuild());
    requestAnimationFrame(this.#frame);
  }

  readonly #frame = (now: number): void => {
    requestAnimationFrame(this.#frame);
    const pace = this.#calm.matches ? CALM_PACE : PACE;
    if (now - this.#drawnAt >= pace) {
      this.#drawnAt = now;
      this.#draw();
    }
  };

  #draw(): void {
    this.store.flush();
    const all = this.store.all;
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
    const to = Date.now() / 1000;
    const from = this.#from(to, all);
    for (const entry of this.#entries.values()) {
      [entry.times, entry.values] = entry.series.points.since(from);
      entry.plot?.draw([entry.times, entry.values], from, to);
      this.#fillValue(entry);
    }
    this.#overlay?.draw(this.#joined(), from, to);
  }

  /** The window opens with the first values, so that they fill it from the beginning. */
  #from(to: number, all: readonly Series[]): number {
    const begin = Math.min(...all.map((series) => series.points.begin ?? to));
    return Math.max(to - this.#seconds, Math.min(begin, to - SHORTEST));
  }

  #drawnEntries(): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.colour !== undefined);
  }

  #joined(): PlotData {
    return uPlot.join(this.#drawnEntries().map((entry): PlotData => [entry.times, entry.values]));
  }

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

  clear(): void {
    this.store.clear();
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
    if (entry && !this.store.toggle(id) && !wasDrawn) {
      entry.button.title = `Only ${DRAWN} series are drawn at once; switch another one off first.`;
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
    if (drawn && !this.#overlaid) {
      entry.plot = new Plot(host, [series.colour ?? 0], this.#onCursor);
    }
  }

  #arrangeOverlay(): void {
    this.#overlay?.destroy();
    this.#overlay = undefined;
    const drawn = this.#drawnEntries();
    this.#overlayHost.hidden = !this.#overlaid || drawn.length === 0;
    if (!this.#overlayHost.hidden) {
      const colours = drawn.map((entry) => entry.colour ?? 0);
      this.#overlay = new Plot(this.#overlayHost, colours, this.#onCursor);
    }
  }
}
