/** Form fields out of a table: their elements, their values. Knows nothing of what they mean. */

import { make } from "./dom.js";
import { t } from "./language.js";

export interface Field<N extends string = string> {
  readonly name: N;
  readonly label: string;
  readonly kind: "text" | "code" | "number" | "password" | "select" | "check" | "lines";
  /** Where it goes. */
  readonly group: string;
  /** With `select`: value and what is shown. */
  readonly choices?: readonly (readonly [value: string, text: string])[];
  readonly placeholder?: string;
  readonly hint?: string;
  readonly max?: number;
  /** Only MQTT 5 has it. */
  readonly v5?: true;
  readonly autocomplete?: AutoFill;
}

type Input = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function kebab(name: string): string {
  return name.replace(/[A-Z0-9]+/g, (part) => `-${part.toLowerCase()}`);
}

type Values<V> = { [K in keyof V]: string | boolean };

/** The fields of `V`: text in all but checkboxes. */
export class FieldForm<V extends Values<V>> {
  readonly #fields: readonly Field<keyof V & string>[];
  readonly #inputs = new Map<keyof V & string, Input>();

  /** @param prefix of the ids, so that two forms do not share them */
  constructor(
    fields: readonly Field<keyof V & string>[],
    hostOf: (group: string) => Element,
    prefix = "",
  ) {
    this.#fields = fields;
    for (const field of fields) {
      const id = prefix + kebab(field.name);
      const input = createInput(field);
      input.id = id;
      input.dataset.testid = id;
      this.#inputs.set(field.name, input);
      hostOf(field.group).append(
        field.kind === "check" ? checked(field, input) : labelled(field, input),
      );
    }
  }

  input(name: keyof V & string): Input {
    return this.#inputs.get(name) as Input;
  }

  read(): V {
    const values = [...this.#inputs].map(([name, input]) => [
      name,
      input instanceof HTMLInputElement && input.type === "checkbox" ? input.checked : input.value,
    ]);
    return Object.fromEntries(values) as V;
  }

  fill(values: Partial<V>): void {
    for (const [name, input] of this.#inputs) {
      const value: unknown = values[name];
      if (typeof value === "boolean" && input instanceof HTMLInputElement) {
        input.checked = value;
      } else if (typeof value === "string" && input.value !== value) {
        input.value = value;
      }
    }
  }

  /** What only MQTT 5 has is switched off with other versions. */
  allowVersion5(allowed: boolean): void {
    for (const { name, v5 } of this.#fields) {
      if (v5) {
        this.input(name).disabled = !allowed;
      }
    }
  }
}

function createInput(field: Field): Input {
  if (field.kind === "select") {
    const select = make("select");
    for (const [value, text] of field.choices ?? []) {
      select.add(new Option(t(text), value));
    }
    return select;
  }
  if (field.kind === "lines") {
    const area = make("textarea", "code");
    area.rows = 2;
    area.spellcheck = false;
    area.placeholder = t(field.placeholder ?? "");
    return area;
  }
  const input = make("input", field.kind === "code" ? "code" : "");
  const types: Record<string, string> = {
    check: "checkbox",
    number: "number",
    password: "password",
  };
  input.type = types[field.kind] ?? "text";
  input.spellcheck = false;
  input.autocapitalize = "off";
  input.placeholder = t(field.placeholder ?? "");
  if (field.autocomplete) {
    input.autocomplete = field.autocomplete;
  }
  if (field.kind === "number") {
    input.min = "0";
    input.inputMode = "numeric";
    input.max = String(field.max ?? "");
  }
  return input;
}

function labelled({ label, hint, kind }: Field, input: Input): HTMLElement {
  const field = make("div", kind === "lines" ? "field wide" : "field");
  const name = make("label", "", t(label));
  name.htmlFor = input.id;
  field.append(name, input);
  if (hint) {
    const words = make("p", "hint", t(hint));
    words.id = `${input.id}-hint`;
    input.setAttribute("aria-describedby", words.id);
    field.append(words);
  }
  return field;
}

function checked({ label }: Field, input: Input): HTMLElement {
  const line = make("label", "check wide");
  line.append(input, make("span", "", t(label)));
  return line;
}
