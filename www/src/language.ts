/** Texts in the reader's language. A text is its own key, in English; each other language has a table in `text/`. */

import { load, save } from "./storage.js";

/** What stands for `{name}` in a text. */
export type Values = Readonly<Record<string, string | number>>;
export type Texts = Readonly<Record<string, string>>;

export const LANGUAGES = [
  ["en", "English"],
  ["zh", "中文"],
] as const;
export type Language = (typeof LANGUAGES)[number][0];

const KEY = "webmqtt.language";
/** Attributes that are read or read out. */
const ATTRIBUTES = ["aria-label", "placeholder", "title", "alt"];

let table: Texts = {};

/** The text in the reader's language. */
export function t(text: string, values?: Values): string {
  const found = table[text] ?? text;
  return values
    ? found.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all))
    : found;
}

/** One after the other, as lists are written in the reader's language. */
export function listed(parts: readonly string[]): string {
  const said = parts.filter(Boolean);
  return said.length === 0 ? "" : said.reduce((one, other) => t("{one}, {other}", { one, other }));
}

/** A sentence with facts behind a colon, as the package's errors have them; facts are separated by semicolons. */
export function tFacts(text: string): string {
  if (text in table) {
    return t(text);
  }
  for (let at = text.indexOf(": "); at >= 0; at = text.indexOf(": ", at + 1)) {
    const sentence = `${text.slice(0, at)}.`;
    if (sentence in table) {
      const facts = text
        .slice(at + 2)
        .replace(/\.$/, "")
        .split("; ")
        .map(fact);
      return t("{sentence} ({facts})", { sentence: t(sentence), facts: facts.join("; ") });
    }
  }
  return text;
}

function fact(text: string): string {
  for (const start of ["the broker says: ", "WebSocket close code "]) {
    if (text.startsWith(start)) {
      return `${t(start)}${text.slice(start.length)}`;
    }
  }
  return t(text);
}

export function isLanguage(text: unknown): text is Language {
  return LANGUAGES.some(([code]) => code === text);
}

/** The one that was chosen, else the first of the browser's that there is. */
export function language(): Language {
  const chosen = load(KEY);
  if (isLanguage(chosen)) {
    return chosen;
  }
  const wished = navigator.languages.map((tag) => tag.split("-")[0]);
  return wished.find(isLanguage) ?? "en";
}

/** All texts were made for the other one: the page begins anew. */
export function choose(chosen: Language): void {
  save(KEY, chosen);
  location.reload();
}

/** From here on texts come from this table. */
export function useTexts(texts: Texts): void {
  table = texts;
}

function translated(text: string): string | undefined {
  const [, before = "", words = "", after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(text) ?? [];
  const found = table[words.replace(/\s+/g, " ")];
  return found === undefined ? undefined : before + found + after;
}

/** Puts the texts of index.html into the language that is in use. */
export function translateDocument(code: Language): void {
  document.documentElement.lang = code;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = translated(node.nodeValue ?? "");
    if (text !== undefined) {
      node.nodeValue = text;
    }
  }
  for (const element of document.querySelectorAll("body *")) {
    for (const name of ATTRIBUTES) {
      const text = translated(element.getAttribute(name) ?? "");
      if (text !== undefined) {
        element.setAttribute(name, text);
      }
    }
  }
}
