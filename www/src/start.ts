/** Takes the language first, because every other module makes its texts when it begins. */

import {
  choose,
  isLanguage,
  LANGUAGES,
  language,
  t,
  translateDocument,
  useTexts,
} from "./language.js";

const code = language();
if (code === "zh") {
  useTexts((await import("./text/zh.js")).zh);
  translateDocument(code);
  document.title = t(document.title);
}

const select = document.getElementById("language");
if (select instanceof HTMLSelectElement) {
  for (const [each, name] of LANGUAGES) {
    const option = new Option(name, each, each === code, each === code);
    option.lang = each;
    select.add(option);
  }
  select.addEventListener("change", () => {
    if (isLanguage(select.value)) {
      choose(select.value);
    }
  });
}
