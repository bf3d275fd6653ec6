/** How many of something happen per second, smoothed over the last few seconds. Pure. */

const SPAN = 5_000;

export class RateMeter {
  #samples: { at: number; total: number }[] = [];

  /** Call about once per second with the total so far; returns the rate per second. */
  sample(at: number, total: number): number {
    const last = this.#samples.at(-1);
    if (last && total < last.total) {
      this.#samples = [];
    }
    this.#samples.push({ at, total });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= SPAN) {
      this.#samples.shift();
    }
    const first = this.#samples[0];
    return first && at > first.at ? ((total - first.total) * 1000) / (at - first.at) : 0;
  }
}
