/** What a test of a broker found, and how it reads as JSON, Markdown and plain text. Pure. */

import { listed, t } from "../language.js";

/**
 * - `works`
 * - `cannot`: the broker says itself that it does not do this.
 * - `fails`: it should, and did not.
 * - `skipped`: it could not be tried, because something before it did not work.
 */
export type Outcome = "works" | "cannot" | "fails" | "skipped";

export interface Finding {
  readonly group: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** What was seen, or what the broker answered. */
  readonly words: string;
  /** Milliseconds. */
  readonly took: number;
}

export interface Report {
  readonly kind: "webmqtt-broker-report";
  /** When it was made, ISO 8601. */
  readonly date: string;
  /** Without credentials and query. */
  readonly url: string;
  /** What the broker calls itself, if it says so. */
  readonly broker: string;
  /** Limits that it announced, in words. */
  readonly limits: readonly (readonly [name: string, text: string])[];
  readonly findings: readonly Finding[];
  /** False if it was stopped before its end. */
  readonly complete: boolean;
}

export function outcomeWord(outcome: Outcome): string {
  const words: Record<Outcome, string> = {
    works: t("works"),
    cannot: t("broker can't"),
    fails: t("fails"),
    skipped: t("not tried"),
  };
  return words[outcome];
}

/** Credentials and the query, where tokens are, do not belong into something that is passed on. */
export function publicUrl(text: string): string {
  try {
    const url = new URL(text);
    return `${url.protocol}//${url.host}${url.pathname}`;
  } catch {
    return "";
  }
}

export function summaryOf(findings: readonly Finding[]): string {
  const number = (outcome: Outcome) =>
    findings.filter((finding) => finding.outcome === outcome).length;
  const parts = [t("{count} work", { count: number("works") })];
  if (number("cannot") > 0) {
    parts.push(t("{count} the broker can't", { count: number("cannot") }));
  }
  if (number("fails") > 0) {
    parts.push(t("{count} fail", { count: number("fails") }));
  }
  if (number("skipped") > 0) {
    parts.push(t("{count} not tried", { count: number("skipped") }));
  }
  return listed(parts);
}

export function groupsOf(findings: readonly Finding[]): [group: string, findings: Finding[]][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    groups.set(finding.group, [...(groups.get(finding.group) ?? []), finding]);
  }
  return [...groups];
}

export function toJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** What came from the broker must not become a table, a link or HTML. */
function cell(text: string): string {
  return text.replace(/[\\`*_[\]<>|&]/g, "\\$&").replace(/\s+/g, " ");
}

export function toMarkdown(report: Report): string {
  const lines = [
    `# ${t("Test of the broker {url}", { url: cell(report.url) })}`,
    "",
    [report.broker, report.date].filter(Boolean).map(cell).join(", "),
    "",
    t("{summary}.", { summary: summaryOf(report.findings) }),
  ];
  for (const [group, findings] of groupsOf(report.findings)) {
    lines.push("", `## ${cell(group)}`, "");
    lines.push(`| ${t("What")} | ${t("Outcome")} | ${t("In words")} |`, "|---|---|---|");
    for (const { name, outcome, words } of findings) {
      lines.push(`| ${cell(name)} | ${outcomeWord(outcome)} | ${cell(words)} |`);
    }
  }
  if (report.limits.length > 0) {
    lines.push("", `## ${t("What the broker allows")}`, "");
    lines.push(...report.limits.map(([name, text]) => `- ${cell(name)}: ${cell(text)}`));
  }
  return `${lines.join("\n")}\n`;
}

/** For a chat or a mail. */
export function toText(report: Report): string {
  const lines = [t("Test of the broker {url}", { url: report.url })];
  lines.push([report.broker, report.date].filter(Boolean).join(", "));
  lines.push(t("{summary}.", { summary: summaryOf(report.findings) }));
  for (const [group, findings] of groupsOf(report.findings)) {
    lines.push("", group);
    for (const { name, outcome, words } of findings) {
      lines.push(`- ${name}: ${outcomeWord(outcome)}${words ? ` (${words})` : ""}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
