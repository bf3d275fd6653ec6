/** Batches work on the document: however often something changes, it is painted once per frame. */

export class Painter {
  readonly #paint: () => void;
  #requested = false;

  constructor(paint: () => void) {
    this.#paint = paint;
  }

  request(): void {
    if (this.#requested) {
      return;
    }
    this.#requested = true;
    requestAnimationFrame(() => {
      this.#requested = false;
      this.#paint();
    });
  }
}
