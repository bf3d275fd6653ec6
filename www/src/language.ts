/** Texts in the reader's language. A text is its own key, in English; each other language has a table in `text/`. */

/** What stands for `{name}` in a text. */
export type Values = Readonly<Record<string, string | number>>;

let table: Readonly<Record<string, string>> = {};

/** The text in the reader's language. */
export function t(text: string, values?: Values): string {
  const found = table[text] ?? text;
  return values
    ? found.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all))
    : found;
}

/** From here on texts come from this table. */
export function useTexts(texts: Readonly<Record<string, string>>): void {
  table = texts;
}
