/** The end of a block as the end of what was declared in it with `await using`, where the platform has that. */

/** Older declarations of the platform have no such symbol, and nothing asks for newer ones. */
type Key = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol }
  ? Key
  : never;

/** What `await using` takes. */
export type Disposal = {
  /** Ends it. */
  readonly [key in Key]: () => Promise<void>;
};

/** Makes `end` what the end of a block calls. */
export function disposeWith(object: object, end: () => Promise<unknown>): void {
  const key: symbol | undefined = Symbol.asyncDispose;
  if (key) {
    Object.defineProperty(object, key, { value: end });
  }
}
