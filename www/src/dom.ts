/** Small typed doors to the document. Text only ever enters through `textContent`. */

/** The element with this id; the page is broken without it, so its absence is an error. */
export function byId<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new Error(`index.html has no ${type.name} with the id ${id}`);
  }
  return found;
}

/** A new element with a class and text. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Sets the text only if it differs: an equal write would still cost a layout. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Calls `listener` with the value of the chosen radio button, now and on every change. */
export function onChoice(name: string, listener: (value: string) => void): void {
  for (const input of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
    input.addEventListener("change", () => listener(input.value));
    if (input.checked) {
      listener(input.value);
    }
  }
}
