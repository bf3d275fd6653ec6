/** One direction of a slow line: what goes in comes out in the same order, later. Pure but for its timer. */

export interface Throttle {
  /** Milliseconds that everything is on its way, in each direction. */
  readonly delay: number;
  /** Bytes per second, in each direction. */
  readonly rate: number;
}

interface Parcel {
  readonly bytes: number;
  readonly deliver: () => void;
  /** When the line begins to send it. */
  begun: number;
  /** When it has sent all of it. */
  sent: number;
  /** When it comes out. */
  due: number;
}

/** Milliseconds: browsers take a longer time for none. */
const LONGEST_TIMER = 2_147_483_647;

export class Pipe {
  readonly #throttle: () => Throttle | undefined;
  readonly #now: () => number;
  #parcels: Parcel[] = [];
  /** When the line has sent what went in so far. */
  #free = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param throttle undefined while the line is as fast as it can be */
  constructor(throttle: () => Throttle | undefined, now = () => performance.now()) {
    this.#throttle = throttle;
    this.#now = now;
  }

  /** Whether what goes in comes out at once. */
  get isOpen(): boolean {
    return this.#parcels.length === 0 && this.#throttle() === undefined;
  }

  /** Bytes that the line has not sent yet. */
  get waiting(): number {
    const now = this.#now();
    let bytes = 0;
    for (const parcel of this.#parcels) {
      const { begun, sent } = parcel;
      const part = sent > now ? Math.min(1, (sent - now) / (sent - begun)) : 0;
      bytes += parcel.bytes * part;
    }
    return Math.ceil(bytes);
  }

  push(bytes: number, deliver: () => void): void {
    if (this.isOpen) {
      deliver();
      return;
    }
    const parcel = { bytes, deliver, begun: 0, sent: 0, due: 0 };
    this.#parcels.push(parcel);
    this.#plan(parcel);
    this.#wait();
  }

  /** The line is faster or slower from now on. */
  replan(): void {
    this.#free = 0;
    for (const parcel of this.#parcels) {
      this.#plan(parcel);
    }
    this.#wait();
  }

  /** What is on its way is lost. */
  clear(): void {
    this.#parcels = [];
    this.#wait();
  }

  #plan(parcel: Parcel): void {
    const { delay, rate } = this.#throttle() ?? { delay: 0, rate: Number.POSITIVE_INFINITY };
    const takes = (parcel.bytes * 1_000) / rate;
    parcel.begun = Math.max(this.#free, this.#now());
    parcel.sent = parcel.begun + takes;
    this.#free = parcel.sent;
    parcel.due = parcel.sent + delay;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const [next] = this.#parcels;
    if (next) {
      const left = Math.max(0, next.due - this.#now());
      this.#timer = setTimeout(() => this.#deliver(), Math.min(left, LONGEST_TIMER));
    }
  }

  #deliver(): void {
    const now = this.#now();
    for (let next = this.#parcels[0]; next && next.due <= now; next = this.#parcels[0]) {
      this.#parcels.shift();
      next.deliver();
    }
    this.#wait();
  }
}
