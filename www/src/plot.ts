/** One uPlot chart whose time axis slides. Knows colours and axes; the data is handed in. */

import uPlot from "uplot";
import { axis, clock } from "./format.js";

/** Times in seconds, then one column of values for each line. */
export type PlotData = uPlot.AlignedData;

/** What a reader does with the pointer; times in seconds. */
export interface PlotListeners {
  /** The time under the pointer, or undefined when it left. */
  point(time: number | undefined): void;
  /** A stretch of time was chosen by dragging. */
  choose(from: number, to: number): void;
  /** A double click asks for the present. */
  leave(): void;
}

/** Lines of different times over each other. */
export function joined(lines: PlotData[]): PlotData {
  return uPlot.join(lines);
}

/** Charts with the same key show the same moment under the pointer. */
const SYNC = "values";

export class Plot {
  readonly #host: HTMLElement;
  readonly #chart: uPlot;
  readonly #resizing: ResizeObserver;

  constructor(host: HTMLElement, colours: readonly number[], listeners: PlotListeners) {
    this.#host = host;
    this.#chart = new uPlot(options(host, colours, listeners), [[]], host);
    this.#chart.over.addEventListener("dblclick", () => listeners.leave());
    this.#resizing = new ResizeObserver(() => this.#resize());
    this.#resizing.observe(host);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (width > 0 && height > 0) {
      this.#chart.setSize({ width, height });
    }
  }

  /** `from` and `to` in seconds since the epoch. */
  draw(data: PlotData, from: number, to: number): void {
    this.#chart.batch(() => {
      this.#chart.setData(data, false);
      this.#chart.setScale("x", { min: from, max: to });
    });
  }

  destroy(): void {
    this.#resizing.disconnect();
    this.#chart.destroy();
  }
}

function options(
  host: HTMLElement,
  colours: readonly number[],
  listeners: PlotListeners,
): uPlot.Options {
  const style = getComputedStyle(host);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${style.fontFamily}`;
  const common = {
    stroke: token("--text-faint"),
    font,
    grid: { stroke: token("--grid"), width: 1 },
    ticks: { show: false },
  };
  const filled = colours.length === 1;
  return {
    width: Math.max(host.clientWidth, 1),
    height: Math.max(host.clientHeight, 1),
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      y: false,
      points: { size: 7 },
    },
    hooks: {
      setCursor: [(chart) => listeners.point(timeAt(chart))],
      setSelect: [(chart) => choose(chart, listeners)],
    },
    scales: { x: { time: true }, y: { range: (_, low, high) => padded(low, high) } },
    axes: [
      {
        ...common,
        size: 22,
        gap: 4,
        space: 64,
        incrs: [1, 5, 10, 15, 30, 60, 120, 300, 600],
        values: clockLabels,
      },
      { ...common, size: 48, gap: 4, space: 20, values: (_, splits) => splits.map(axis) },
    ],
    series: [{}, ...colours.map((colour) => line(token(`--series-${colour + 1}`), filled))],
  };
}

function line(stroke: string, filled: boolean): uPlot.Series {
  return {
    stroke,
    width: 1.75,
    spanGaps: true,
    // A line needs two points; a single one is a dot.
    points: { show: (_chart, _line, first, last) => last - first < 1, size: 6 },
    ...(filled ? { fill: `${stroke}1f` } : {}),
  };
}

/** A label that would be cut off at the edge is left out. */
function clockLabels(chart: uPlot, splits: number[]): string[] {
  const edge = chart.over.clientWidth - 20;
  return splits.map((second) => (chart.valToPos(second, "x") > edge ? "" : clock(second * 1000)));
}

function timeAt(chart: uPlot): number | undefined {
  const left = chart.cursor.left ?? -1;
  return left < 0 ? undefined : chart.posToVal(left, "x");
}

/** The other charts of the group hear of it as well, and say the same. */
function choose(chart: uPlot, listeners: PlotListeners): void {
  const { left, width } = chart.select;
  if (width > 0) {
    const [from, to] = [chart.posToVal(left, "x"), chart.posToVal(left + width, "x")];
    chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    listeners.choose(from, to);
  }
}

/** A little air above and below, and a band around a line that does not move. */
function padded(low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) {
    return [0, 1];
  }
  const margin = low === high ? Math.abs(low) * 0.02 || 1 : (high - low) * 0.12;
  // What is never negative, as most things that are counted or measured, has no axis below zero.
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}
