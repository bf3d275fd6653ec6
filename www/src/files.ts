/** Files from and to the reader's disk. */

import { t } from "./language.js";

const LARGEST_TEXT = 8 * 1024 * 1024;

export function download(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Opens the browser's dialog; resolves with the text of the file that is chosen there. */
export function pickText(input: HTMLInputElement): Promise<string> {
  return new Promise((resolve, reject) => {
    input.value = "";
    input.onchange = () => {
      const file = input.files?.[0];
      if (!file || file.size > LARGEST_TEXT) {
        reject(new Error(t("The file is too large.")));
        return;
      }
      file.text().then(resolve, () => reject(new Error(t("The file could not be read."))));
    };
    input.click();
  });
}
