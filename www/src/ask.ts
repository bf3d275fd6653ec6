/** The dialog that asks for a password. */

import { smallButton } from "./dialog.js";
import { make } from "./dom.js";
import type { Ask } from "./entrance.js";
import { t } from "./language.js";

/** Several connections can ask at once. */
let asked = 0;

export const ask: Ask = ({ name, host, refused }, signal) =>
  new Promise((resolve) => {
    asked += 1;
    const number = asked;
    const dialog = make("dialog", "dialog ask");
    dialog.dataset.testid = "ask";
    const title = make("h2", "", t("Password for {name}", { name }));
    title.id = `ask-title-${number}`;
    dialog.setAttribute("aria-labelledby", title.id);
    const form = make("form", "form");
    form.method = "dialog";
    const why = make(
      "p",
      "hint",
      refused
        ? t("The broker refused the one so far. It may have expired.")
        : t("There is none for this connection."),
    );
    const where = make("p", "hint", t("It goes to {host}.", { host }));
    where.dataset.testid = "ask-host";
    const input = make("input");
    input.type = "password";
    input.id = `asked-password-${number}`;
    input.dataset.testid = "asked-password";
    input.autocomplete = "off";
    input.required = true;
    const label = make("label", "", t("Password or token"));
    label.htmlFor = input.id;
    const field = make("div", "field");
    field.append(label, input);
    const use = make("button", "button small primary", t("Connect"));
    use.type = "submit";
    use.dataset.testid = "ask-use";
    const tools = make("div", "tools");
    tools.append(
      smallButton(t("Do not connect"), "ask-stop", () => dialog.close()),
      use,
    );
    form.append(title, where, why, field, tools);
    dialog.append(form);
    const gone = () => dialog.close();
    let given: string | undefined;
    form.addEventListener("submit", () => {
      given = input.value;
    });
    dialog.addEventListener("close", () => {
      signal.removeEventListener("abort", gone);
      dialog.remove();
      resolve(given);
    });
    signal.addEventListener("abort", gone);
    document.body.append(dialog);
    dialog.showModal();
    if (signal.aborted) {
      gone();
    }
  });
