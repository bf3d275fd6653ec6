/** A queue that forgets its oldest entries. Pure. */

export class Ring<T> {
  readonly #slots: (T | undefined)[];
  #first = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#slots = new Array<T | undefined>(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The entry at `index`, counted from the oldest. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) {
      return undefined;
    }
    return this.#slots[(this.#first + index) % this.#slots.length];
  }

  /** Returns the entry that had to go. */
  push(entry: T): T | undefined {
    const gone = this.#length === this.#slots.length ? this.shift() : undefined;
    this.#slots[(this.#first + this.#length) % this.#slots.length] = entry;
    this.#length += 1;
    return gone;
  }

  /** Removes and returns the oldest entry. */
  shift(): T | undefined {
    const gone = this.at(0);
    if (this.#length > 0) {
      this.#slots[this.#first] = undefined;
      this.#first = (this.#first + 1) % this.#slots.length;
      this.#length -= 1;
    }
    return gone;
  }

  clear(): void {
    this.#slots.fill(undefined);
    this.#first = 0;
    this.#length = 0;
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.#length; index += 1) {
      yield this.at(index) as T;
    }
  }
}
