/** What the page's larger dialogs have in common. */

import { make } from "./dom.js";
import { t } from "./language.js";

export function smallButton(text: string, id: string, act: () => void): HTMLButtonElement {
  const button = make("button", "button small", text);
  button.type = "button";
  button.dataset.testid = id;
  button.addEventListener("click", act);
  return button;
}

/** Names the dialog. Gives the heading and what closes it. */
export function headed(dialog: HTMLDialogElement, name: string, text: string) {
  const title = make("h2", "", text);
  title.id = `${name}-title`;
  dialog.setAttribute("aria-labelledby", title.id);
  const close = smallButton("✕", `${name}-close`, () => dialog.close());
  close.classList.add("icon");
  close.setAttribute("aria-label", t("Close"));
  return { title, close };
}
