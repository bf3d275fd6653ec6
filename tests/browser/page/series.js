// @ts-check
// What came of a series of numbers from 1 on, in space that does not grow as long as none is lost.

/** Behind so many others nothing comes any more: QoS 0 may lose some. */
const LATEST = 200;

export class Series {
  /** Everything up to here has come. */
  #floor = 0;
  /** What has come of the rest. @type {Set<number>} */
  #above = new Set();
  #copies = 0;
  #highest = 0;
  #disordered = 0;
  #missing = 0;

  /** @param {number} number */
  take(number) {
    if (number <= this.#floor || this.#above.has(number)) {
      this.#copies += 1;
      return;
    }
    if (number < this.#highest) this.#disordered += 1;
    this.#highest = Math.max(this.#highest, number);
    this.#above.add(number);
    while (this.#above.delete(this.#floor + 1)) this.#floor += 1;
    if (this.#above.size > LATEST) this.#give();
  }

  /** What is missing does not come any more. */
  #give() {
    const next = Math.min(...this.#above);
    this.#missing += next - this.#floor - 1;
    this.#floor = next - 1;
    while (this.#above.delete(this.#floor + 1)) this.#floor += 1;
  }

  report() {
    const missing = this.#missing + (this.#highest - this.#floor - this.#above.size);
    return {
      highest: this.#highest,
      missing,
      copies: this.#copies,
      disordered: this.#disordered,
      distinct: this.#highest - missing,
    };
  }
}
