/** A long list of rows of equal height, of which only those in sight exist in the document. */

/** What the list shows, newest (top) first. */
export interface Rows<T> {
  readonly length: number;
  /** Row 0 is at the top. */
  row(index: number): T | undefined;
}

export interface RowView<T> {
  /** A fresh element, without content. */
  create(): HTMLElement;
  fill(element: HTMLElement, item: T, index: number, total: number): void;
  /** Tells rows apart over time. */
  key(item: T): number;
}

const OVERSCAN = 6;

export class VirtualList<T> {
  readonly #scroller: HTMLElement;
  readonly #sizer = document.createElement("div");
  readonly #view: RowView<T>;
  #rows: Rows<T> = { length: 0, row: () => undefined };
  #rowHeight = 0;
  #elements = new Map<number, HTMLElement>();

  constructor(scroller: HTMLElement, view: RowView<T>, onScroll: () => void) {
    this.#scroller = scroller;
    this.#view = view;
    this.#sizer.className = "sizer";
    this.#sizer.setAttribute("role", "presentation");
    scroller.append(this.#sizer);
    scroller.addEventListener("scroll", onScroll, { passive: true });
    new ResizeObserver(() => {
      this.#rowHeight = 0;
      onScroll();
    }).observe(scroller);
  }

  /** Whether the newest row is in sight. */
  get atTop(): boolean {
    return this.#scroller.scrollTop < 4;
  }

  scrollToTop(): void {
    this.#scroller.scrollTop = 0;
  }

  scrollTo(index: number): void {
    const top = index * this.#height();
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) {
      this.#scroller.scrollTop = top;
    } else if (top + this.#height() > scrollTop + clientHeight) {
      this.#scroller.scrollTop = top + this.#height() - clientHeight;
    }
  }

  /** Paints `rows`; `added` of them are new at the top. What the reader looks at stays where it is. */
  paint(rows: Rows<T>, added: number): void {
    this.#rows = rows;
    const height = this.#height();
    const anchored = !this.atTop;
    this.#sizer.style.height = `${rows.length * height}px`;
    if (anchored && added > 0) {
      this.#scroller.scrollTop += added * height;
    }
    this.#place(height);
  }

  #place(height: number): void {
    const { scrollTop, clientHeight } = this.#scroller;
    const first = Math.max(0, Math.floor(scrollTop / height) - OVERSCAN);
    const last = Math.min(
      this.#rows.length,
      Math.ceil((scrollTop + clientHeight) / height) + OVERSCAN,
    );
    const wanted: [index: number, item: T][] = [];
    for (let index = first; index < last; index += 1) {
      const item = this.#rows.row(index);
      if (item !== undefined) {
        wanted.push([index, item]);
      }
    }
    const keep = new Map<number, HTMLElement>();
    for (const [, item] of wanted) {
      const key = this.#view.key(item);
      const element = this.#elements.get(key);
      if (element) {
        keep.set(key, element);
        this.#elements.delete(key);
      }
    }
    const spare = [...this.#elements.values()];
    // The document has the rows in their order too: for screen readers, and for selecting text.
    let next = this.#sizer.firstElementChild;
    for (const [index, item] of wanted) {
      const key = this.#view.key(item);
      const element = keep.get(key) ?? spare.pop() ?? this.#view.create();
      keep.set(key, element);
      this.#view.fill(element, item, index, this.#rows.length);
      element.style.transform = `translateY(${index * height}px)`;
      if (element === next) {
        next = element.nextElementSibling;
      } else {
        this.#sizer.insertBefore(element, next);
      }
    }
    for (const element of spare) {
      element.remove();
    }
    this.#elements = keep;
  }

  /** The height is the style sheet's to decide. */
  #height(): number {
    if (this.#rowHeight === 0) {
      const declared = getComputedStyle(this.#scroller).getPropertyValue("--row-height");
      this.#rowHeight = Number.parseFloat(declared) || 34;
    }
    return this.#rowHeight;
  }
}
