/**
 * An editor of JSON, with colours and a mark where it is none. It stands in a shadow tree, because the page's policy
 * allows no style elements: there its styles are constructed sheets.
 */

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export interface JsonEditorOptions {
  /** What screen readers call it. */
  readonly label: string;
  changed(text: string): void;
  submit(): void;
  /** Shift-Alt-F, as elsewhere. */
  tidy(): void;
}

/** What is wrong, and from where to where. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--series-6)" },
  { tag: tags.string, color: "var(--series-4)" },
  { tag: tags.number, color: "var(--series-2)" },
  { tag: [tags.bool, tags.null], color: "var(--series-3)" },
]);

const theme = EditorView.theme({
  "&": {
    minHeight: "76px",
    maxHeight: "360px",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-small)",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    fontSize: "var(--editor-size, 13px)",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  "&.invalid": { borderColor: "var(--bad)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { padding: "7px 0", caretColor: "var(--text)", minHeight: "60px" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    background: "var(--accent-soft)",
  },
  ".cm-selectionBackground": { background: "var(--hover)" },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--accent-soft)",
    outline: "1px solid var(--accent)",
  },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad) 1.5px",
    textUnderlineOffset: "3px",
  },
  ".cm-tooltip": {
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-small)",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
  },
});

export class JsonEditor {
  readonly #view: EditorView;
  readonly #label: string;
  readonly #attributes = new Compartment();
  #problem = "";

  constructor(host: HTMLElement, { label, changed, submit, tidy }: JsonEditorOptions) {
    this.#label = label;
    const root = host.attachShadow({ mode: "open" });
    const doing = (act: () => void) => () => {
      act();
      return true;
    };
    const extensions: Extension[] = [
      keymap.of([
        { key: "Mod-Enter", run: doing(submit) },
        { key: "Shift-Alt-f", run: doing(tidy) },
        ...defaultKeymap,
        ...historyKeymap,
      ]),
      history(),
      drawSelection(),
      json(),
      indentOnInput(),
      bracketMatching(),
      syntaxHighlighting(colours),
      theme,
      EditorView.lineWrapping,
      this.#attributes.of(this.#said()),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          changed(this.text);
        }
      }),
    ];
    this.#view = new EditorView({ parent: root, root, extensions });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** An equal text leaves cursor and history alone. */
  set text(text: string) {
    if (text !== this.text) {
      const { length } = this.#view.state.doc;
      this.#view.dispatch({ changes: { from: 0, to: length, insert: text } });
    }
  }

  focus(): void {
    this.#view.focus();
  }

  /** Marks what is wrong, or nothing. */
  mark(mark: Mark | undefined): void {
    const { state } = this.#view;
    const problem = mark?.message ?? "";
    if (problem !== this.#problem) {
      this.#problem = problem;
      this.#view.dispatch({ effects: this.#attributes.reconfigure(this.#said()) });
    }
    const { length } = state.doc;
    const from = Math.min(mark?.from ?? 0, Math.max(0, length - 1));
    const to = Math.min(Math.max(mark?.to ?? 0, from + 1), length);
    const found = mark ? [{ from, to, severity: "error" as const, message: mark.message }] : [];
    this.#view.dispatch(setDiagnostics(this.#view.state, found));
  }

  /** What is said of it. An id in the page cannot be referred to from here. */
  #said(): Extension {
    const bad = this.#problem !== "";
    return [
      EditorView.contentAttributes.of({
        "aria-label": this.#label,
        "aria-invalid": String(bad),
        ...(bad ? { "aria-description": this.#problem } : {}),
      }),
      EditorView.editorAttributes.of(bad ? { class: "invalid" } : {}),
    ];
  }
}
