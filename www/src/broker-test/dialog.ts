/** The dialog that tests the broker: progress, the table, and the ways to keep and pass on the report. */

import type { ConnectionInfo } from "webmqtt";
import { headed, smallButton } from "../dialog.js";
import { make, setText } from "../dom.js";
import { download } from "../files.js";
import { duration } from "../format.js";
import { t } from "../language.js";
import type { Access } from "./laboratory.js";
import {
  type Finding,
  outcomeWord,
  type Report,
  summaryOf,
  toJson,
  toMarkdown,
  toText,
} from "./report.js";
import { type Progress, testBroker } from "./run.js";

export class BrokerTestDialog {
  readonly #dialog = make("dialog", "dialog");
  readonly #status = make("p", "test-status");
  readonly #bar = make("progress", "test-bar");
  readonly #body = make("div", "test-tables");
  readonly #tools = make("div", "tools");
  readonly #text = make("textarea", "code test-text");
  readonly #stop = smallButton(t("Stop"), "test-stop", () => this.#running?.abort());
  readonly #tables = new Map<string, HTMLElement>();
  #running: AbortController | undefined;
  #report: Report | undefined;

  constructor() {
    this.#dialog.dataset.testid = "test-dialog";
    const { title, close } = headed(this.#dialog, "test", t("Test of the broker"));
    const head = make("div", "dialog-head");
    head.append(title, close);
    const hint = make(
      "p",
      "hint",
      t(
        "It uses client ids and topics of its own, below webmqtt-test-…, and removes what it leaves.",
      ),
    );
    this.#status.setAttribute("role", "status");
    this.#status.dataset.testid = "test-status";
    this.#bar.setAttribute("aria-label", t("Progress"));
    this.#text.readOnly = true;
    this.#text.hidden = true;
    this.#text.rows = 8;
    this.#text.setAttribute("aria-label", t("The report as text"));
    this.#body.tabIndex = 0;
    this.#body.setAttribute("role", "region");
    this.#body.setAttribute("aria-label", t("Findings"));
    this.#dialog.append(head, hint, this.#status, this.#bar, this.#body, this.#tools, this.#text);
    // Whoever closes the dialog has no use for the rest of it.
    this.#dialog.addEventListener("close", () => this.#running?.abort());
    document.body.append(this.#dialog);
  }

  /** Shows the dialog and tests, unless a test is still running. */
  async open(access: Access, info: ConnectionInfo): Promise<void> {
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
    if (this.#running) {
      return;
    }
    const running = new AbortController();
    this.#running = running;
    this.#tables.clear();
    this.#body.replaceChildren();
    this.#text.hidden = true;
    this.#bar.hidden = false;
    this.#tools.replaceChildren(this.#stop);
    const listeners = {
      progress: (progress: Progress) => this.#progress(progress),
      finding: (finding: Finding) => this.#add(finding),
    };
    try {
      this.#report = await testBroker(access, info, listeners, running.signal);
      this.#finish(this.#report);
    } catch (error) {
      setText(this.#status, error instanceof Error ? error.message : String(error));
      this.#tools.replaceChildren();
    } finally {
      this.#running = undefined;
      this.#bar.hidden = true;
    }
  }

  #progress({ done, all, name }: Progress): void {
    this.#bar.max = all;
    this.#bar.value = done;
    setText(this.#status, t("{done} of {all}: {name}", { done, all, name }));
  }

  #add(finding: Finding): void {
    const row = make("tr");
    row.dataset.outcome = finding.outcome;
    row.dataset.testid = "finding";
    const name = make("th", "", finding.name);
    name.scope = "row";
    const outcome = make("td");
    outcome.append(make("span", "outcome", outcomeWord(finding.outcome)));
    row.append(
      name,
      outcome,
      make("td", "test-words", finding.words),
      make("td", "test-time", duration(finding.took)),
    );
    this.#tableOf(finding.group).append(row);
    this.#body.scrollTop = this.#body.scrollHeight;
  }

  #showLimits({ limits }: Report): void {
    const table = make("table", "test-table");
    table.append(make("caption", "", t("What the broker allows")));
    for (const [name, text] of limits) {
      const row = make("tr");
      const head = make("th", "", name);
      head.scope = "row";
      row.append(head, make("td", "", text));
      table.createTBody().append(row);
    }
    this.#body.append(table);
  }

  #tableOf(group: string): HTMLElement {
    const known = this.#tables.get(group);
    if (known) {
      return known;
    }
    const table = make("table", "test-table");
    table.append(make("caption", "", group));
    const head = make("tr");
    for (const [name, style] of [
      [t("What"), ""],
      [t("Outcome"), ""],
      [t("In words"), ""],
      [t("Took"), "test-time"],
    ] as const) {
      const cell = make("th", style, name);
      cell.scope = "col";
      head.append(cell);
    }
    const body = make("tbody");
    const top = make("thead");
    top.append(head);
    table.append(top, body);
    this.#body.append(table);
    this.#tables.set(group, body);
    return body;
  }

  #finish(report: Report): void {
    const { broker, findings, complete } = report;
    const summary = summaryOf(findings);
    const words = broker
      ? t("{broker}: {summary}.", { broker, summary })
      : t("{summary}.", { summary });
    setText(this.#status, complete ? words : `${t("Stopped.")} ${words}`);
    const save = (text: string, id: string, name: string, type: string, make: () => string) =>
      smallButton(text, id, () => download(name, type, make()));
    this.#tools.replaceChildren(
      save("JSON", "test-json", "broker-test.json", "application/json", () => toJson(report)),
      save("Markdown", "test-markdown", "broker-test.md", "text/markdown", () =>
        toMarkdown(report),
      ),
      smallButton(t("Share as text"), "test-share", () => void this.#share(toText(report))),
    );
    this.#showLimits(report);
    this.#body.scrollTop = 0;
  }

  /** By the system's own dialog where there is one, as on phones; else it is copied, and shown to be copied by hand. */
  async #share(text: string): Promise<void> {
    if (navigator.share && matchMedia("(pointer: coarse)").matches) {
      // Whoever closes it has changed their mind.
      await navigator.share({ text }).catch(() => {});
      return;
    }
    this.#text.value = text;
    this.#text.hidden = false;
    this.#text.select();
    const copied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    if (copied) {
      setText(this.#status, t("The report is copied."));
    }
  }
}
