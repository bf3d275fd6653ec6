/** Numeric values over time, found in whatever messages bring. No document, no chart here. */

import { numbersIn } from "./payload.js";

/** Series that are drawn at once. */
export const DRAWN = 8;
/** Series that are known at once; what comes beyond is ignored. */
const KNOWN = 24;
/** Topics that are looked at. */
const TOPICS = 256;
/** At most one point per series in this time: what comes faster replaces the last one. */
const RESOLUTION = 100;
/** Milliseconds that points are kept. */
const KEPT = 15 * 60_000;
/** A quarter more than fit into the kept time, so that forgetting is seldom. */
const CAPACITY = Math.ceil((KEPT / RESOLUTION) * 1.25);

/** Points in the order of time, in seconds since the epoch as the chart wants them. */
export class Points {
  #times = new Float64Array(256);
  #values = new Float64Array(256);
  #length = 0;

  /** Time of the oldest point in seconds. */
  get begin(): number | undefined {
    return this.#length > 0 ? this.#times[0] : undefined;
  }

  get last(): number | undefined {
    return this.#length > 0 ? this.#values[this.#length - 1] : undefined;
  }

  /** `at` in milliseconds. */
  add(at: number, value: number): void {
    const newest = this.#times[this.#length - 1];
    if (this.#length > 0 && newest !== undefined && at - newest * 1000 < RESOLUTION) {
      this.#values[this.#length - 1] = value;
      return;
    }
    if (this.#length === this.#times.length) {
      this.#makeRoom(at);
    }
    this.#times[this.#length] = at / 1000;
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  #makeRoom(at: number): void {
    const old = this.#indexBefore((at - KEPT) / 1000);
    if (old > 0 && (old > this.#length / 8 || this.#length >= CAPACITY)) {
      this.#times.copyWithin(0, old, this.#length);
      this.#values.copyWithin(0, old, this.#length);
      this.#length -= old;
      return;
    }
    const times = new Float64Array(this.#length * 2);
    const values = new Float64Array(this.#length * 2);
    times.set(this.#times);
    values.set(this.#values);
    this.#times = times;
    this.#values = values;
  }

  /** Index of the last point at or before `time`, or 0. */
  #indexBefore(time: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? 0) <= time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return Math.max(0, low - 1);
  }

  /** The value at `time` in seconds: that of the last point before, or of the first one. */
  valueAt(time: number): number | undefined {
    return this.#length > 0 ? this.#values[this.#indexBefore(time)] : undefined;
  }

  /** The points from `time` in seconds on, and the one before, so that the line enters from the edge. */
  since(time: number): [times: Float64Array, values: Float64Array] {
    const first = this.#indexBefore(time);
    return [this.#times.subarray(first, this.#length), this.#values.subarray(first, this.#length)];
  }
}

export interface Series {
  readonly id: string;
  readonly topic: string;
  /** Path of the field in JSON; empty if the payload is the number. */
  readonly path: string;
  readonly points: Points;
  /** Index into the palette while it is drawn. */
  colour: number | undefined;
}

interface Pending {
  at: number;
  payload: Uint8Array;
}

export class SeriesStore {
  readonly #series = new Map<string, Series>();
  /** When a topic was last looked into. */
  readonly #lookedAt = new Map<string, number>();
  /** The newest payload of topics that are faster than the resolution. */
  readonly #pending = new Map<string, Pending>();
  /** Paths that somebody asked for, by topic: they are found however many others there are. */
  readonly #watched = new Map<string, Set<string>>();
  #overflow = false;

  get all(): readonly Series[] {
    return [...this.#series.values()];
  }

  /** Whether numbers were ignored because there are too many series. */
  get overflow(): boolean {
    return this.#overflow;
  }

  /** Cheap: a fast topic is decoded once per resolution, not once per message. */
  take(topic: string, payload: Uint8Array, at: number): void {
    const before = this.#lookedAt.get(topic);
    if (before === undefined && this.#lookedAt.size >= TOPICS && !this.#watched.has(topic)) {
      this.#overflow = true;
    } else if (before !== undefined && at - before < RESOLUTION) {
      this.#pending.set(topic, { at, payload });
    } else {
      this.#look(topic, payload, at);
    }
  }

  /** Looks into what `take` put off. Call before reading. */
  flush(): void {
    for (const [topic, { payload, at }] of this.#pending) {
      this.#look(topic, payload, at);
    }
    this.#pending.clear();
  }

  #look(topic: string, payload: Uint8Array, at: number): void {
    this.#lookedAt.set(topic, at);
    this.#pending.delete(topic);
    const watched = this.#watched.get(topic);
    for (const { path, value } of numbersIn(payload, watched !== undefined)) {
      if (Number.isFinite(value)) {
        this.#find(topic, path, watched?.has(path))?.points.add(at, value);
      }
    }
  }

  /** A value that no message brought. */
  add(name: string, at: number, value: number): void {
    this.#find(name, "")?.points.add(at, value);
  }

  /** One number of a payload that came before it was asked for; call in the order of time. */
  takeOne(topic: string, path: string, payload: Uint8Array, at: number): void {
    const field = numbersIn(payload, true).find((each) => each.path === path);
    if (field && Number.isFinite(field.value)) {
      this.#find(topic, path, true)?.points.add(at, field.value);
    }
  }

  /** Draws this number from now on, and for that, if need be, no longer the one that is drawn for longest. */
  watch(topic: string, path: string): Series | undefined {
    const paths = this.#watched.get(topic) ?? new Set();
    this.#watched.set(topic, paths.add(path));
    const series = this.#find(topic, path, true);
    if (series && series.colour === undefined) {
      series.colour = this.#freeColour();
      const first = this.all.find(({ colour }) => colour !== undefined);
      if (series.colour === undefined && first) {
        series.colour = first.colour;
        first.colour = undefined;
      }
    }
    return series;
  }

  #find(topic: string, path: string, wanted = false): Series | undefined {
    const id = JSON.stringify([topic, path]);
    let series = this.#series.get(id);
    if (!series && (wanted || this.#series.size < KNOWN)) {
      series = { id, topic, path, points: new Points(), colour: this.#freeColour() };
      this.#series.set(id, series);
    } else if (!series) {
      this.#overflow = true;
    }
    return series;
  }

  #freeColour(): number | undefined {
    const taken = new Set(this.all.map((series) => series.colour));
    for (let colour = 0; colour < DRAWN; colour += 1) {
      if (!taken.has(colour)) {
        return colour;
      }
    }
    return undefined;
  }

  /** Draws the series or stops drawing it. False if all places are taken. */
  toggle(id: string): boolean {
    const series = this.#series.get(id);
    if (!series) {
      return false;
    }
    series.colour = series.colour === undefined ? this.#freeColour() : undefined;
    return series.colour !== undefined;
  }
}
