/** Which stretch of time the charts show: the last seconds up to now, or one that stands still. */

import { byId, onChoice, setText } from "./dom.js";
import { t } from "./language.js";

/** Seconds since the epoch. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Seconds that are shown at least while time goes on. */
const SHORTEST = 10;
/** What can be zoomed into. */
const CLOSEST = 1;

export class ChartRange {
  readonly #pause = byId("chart-pause", HTMLButtonElement);
  readonly #changed: () => void;
  #seconds = 60;
  #still: Stretch | undefined;
  /** What was shown last. */
  #last: Stretch = { from: 0, to: 0 };

  constructor(changed: () => void) {
    this.#changed = changed;
    onChoice("window", (seconds) => {
      this.#seconds = Number(seconds);
      this.stand(undefined);
    });
    this.#pause.addEventListener("click", () => this.stand(this.#still ? undefined : this.#last));
    byId("chart-in", HTMLButtonElement).addEventListener("click", () => this.#scale(0.5));
    byId("chart-out", HTMLButtonElement).addEventListener("click", () => this.#scale(2));
  }

  get stands(): boolean {
    return this.#still !== undefined;
  }

  /** Stands still there, or goes on. */
  stand(stretch: Stretch | undefined): void {
    this.#still = stretch;
    this.#pause.setAttribute("aria-pressed", String(stretch !== undefined));
    setText(this.#pause, stretch ? t("Go on") : t("Pause"));
    this.#changed();
  }

  #scale(factor: number): void {
    const { from, to } = this.#last;
    const half = (Math.max(to - from, CLOSEST) * factor) / 2;
    // While time goes on, what is newest stays in sight.
    const middle = this.#still || factor < 1 ? (from + to) / 2 : to - half;
    this.stand({ from: middle - half, to: middle + half });
  }

  /** What to show now; the window opens with the first values, so that they fill it from the beginning. */
  now(begin: number | undefined): Stretch {
    const to = Date.now() / 1000;
    const first = Math.min(begin ?? to, to - SHORTEST);
    this.#last = this.#still ?? { from: Math.max(to - this.#seconds, first), to };
    return this.#last;
  }
}
