/** Does something again and again, never while the last time is still going on. */

/** Milliseconds; a shorter interval would only block the page. */
const SHORTEST = 10;

export class Repeater {
  readonly #act: () => Promise<boolean>;
  readonly #onChange: (running: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  /** @param act false ends the repetition. */
  constructor(act: () => Promise<boolean>, onChange: (running: boolean) => void) {
    this.#act = act;
    this.#onChange = onChange;
  }

  get running(): boolean {
    return this.#running;
  }

  /** The first time is now. */
  start(interval: number): void {
    this.stop();
    this.#running = true;
    this.#onChange(true);
    void this.#again(Math.max(SHORTEST, interval || 0));
  }

  async #again(interval: number): Promise<void> {
    const begun = performance.now();
    const goOn = await this.#act();
    if (!this.#running) {
      return;
    }
    if (!goOn) {
      this.stop();
      return;
    }
    const left = Math.max(0, interval - (performance.now() - begun));
    this.#timer = setTimeout(() => void this.#again(interval), left);
  }

  stop(): void {
    clearTimeout(this.#timer);
    if (this.#running) {
      this.#running = false;
      this.#onChange(false);
    }
  }
}
