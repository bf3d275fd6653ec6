/** Runs the checks one after the other, and tells of each how it ended. */

import type { ConnectionInfo, ProtocolVersion } from "webmqtt";
import { MqttError } from "webmqtt";
import { answerOf } from "../errors.js";
import { t } from "../language.js";
import { limitsOf } from "../limits.js";
import { type Check, checksOf } from "./checks.js";
import { type Access, Declined, Laboratory } from "./laboratory.js";
import { type Finding, publicUrl, type Report } from "./report.js";
import { latency, throughput } from "./speed.js";

/** Answers of a broker that are about what it can do, and no sign of something broken. */
const DECLINES = new Set([
  "connect-refused",
  "subscribe-refused",
  "publish-refused",
  "qos-not-supported",
  "retain-not-supported",
  "wildcard-not-supported",
  "shared-not-supported",
  "identifier-not-supported",
]);

export interface Progress {
  /** From 0. */
  readonly done: number;
  readonly all: number;
  /** What is being tried now. */
  readonly name: string;
}

export interface Listeners {
  progress(progress: Progress): void;
  finding(finding: Finding): void;
}

function speedChecks(version: ProtocolVersion): Check[] {
  const check = (name: string, run: Check["run"]): Check => ({
    group: t("Speed"),
    name,
    version,
    run,
  });
  return [
    check(t("Latency"), (lab) => latency(lab, version)),
    check(t("Throughput, QoS {qos}", { qos: 0 }), (lab) => throughput(lab, version, 0)),
    check(t("Throughput, QoS {qos}", { qos: 1 }), (lab) => throughput(lab, version, 1)),
  ];
}

/** The page is connected with another version: what stands between is the broker's answer to this one. */
const REFUSALS = new Set(["connection-lost", "connect-timeout", "subprotocol", "unreachable"]);

function isDeclined(check: Check, { code }: MqttError): boolean {
  return DECLINES.has(code) || (check.opening === true && REFUSALS.has(code));
}

async function tried(check: Check, laboratory: Laboratory): Promise<Finding> {
  const { group, name } = check;
  const begun = performance.now();
  const ended = (outcome: Finding["outcome"], words: string): Finding => ({
    group,
    name,
    outcome,
    words,
    took: Math.round(performance.now() - begun),
  });
  try {
    return ended("works", await check.run(laboratory));
  } catch (error) {
    if (error instanceof MqttError) {
      return ended(isDeclined(check, error) ? "cannot" : "fails", answerOf(error));
    }
    const words = error instanceof Error ? error.message : String(error);
    return ended(error instanceof Declined ? "cannot" : "fails", words);
  }
}

/** What the broker calls itself where it publishes that, as Mosquitto, EMQX and others do. */
export async function brokerName(
  laboratory: Laboratory,
  version: ProtocolVersion,
): Promise<string> {
  const probe = await laboratory.open(version);
  try {
    await probe.subscribe("$SYS/broker/version", { qos: 0 });
    await probe.until((messages) => messages.length > 0, 500);
  } catch {
    // The report does without.
  }
  await laboratory.rest();
  const said = probe.texts[0]?.slice(0, 100) ?? "";
  // A number alone says nothing.
  return /^\d/.test(said) ? t("version {number}", { number: said }) : said;
}

/** A check, with its place in the report. */
type Placed = readonly [place: number, check: Check];

class Run {
  readonly #access: Access;
  readonly #listeners: Listeners;
  readonly #signal: AbortSignal;
  readonly #all: number;
  readonly #findings: Finding[] = [];

  constructor(access: Access, listeners: Listeners, signal: AbortSignal, all: number) {
    this.#access = access;
    this.#listeners = listeners;
    this.#signal = signal;
    this.#all = all;
  }

  /** In the order of the checks. */
  get findings(): Finding[] {
    return this.#findings.filter(Boolean);
  }

  tell(name: string): void {
    this.#listeners.progress({ done: this.findings.length, all: this.#all, name });
  }

  add(place: number, finding: Finding): void {
    this.#findings[place] = finding;
    this.#listeners.finding(finding);
  }

  /** One after the other, until one of them shows that there is no connection, or the signal says so. */
  async lane(checks: readonly Placed[]): Promise<Laboratory> {
    const laboratory = new Laboratory(this.#access, this.#signal);
    let spoken = true;
    for (const [place, check] of checks) {
      const { group, name } = check;
      if (this.#signal.aborted) {
        break;
      }
      if (!spoken) {
        const words = t("There is no connection with this version.");
        this.add(place, { group, name, outcome: "skipped", words, took: 0 });
        continue;
      }
      this.tell(`${group}: ${name}`);
      const finding = await tried(check, laboratory);
      if (!this.#signal.aborted) {
        this.add(place, finding);
      }
      spoken = !check.opening || finding.outcome === "works";
      await laboratory.rest();
    }
    return laboratory;
  }
}

/** Checks of all versions side by side, each with its place in `run`. Nothing is removed from the broker yet. */
function sideBySide(run: Run, checks: readonly Placed[]): Promise<Laboratory[]> {
  return Promise.all(
    [5, 4, 3].map((each) => run.lane(checks.filter(([, check]) => check.version === each))),
  );
}

/** Resolves when everything is tried or `signal` says so, and nothing is left at the broker. */
export async function testBroker(
  access: Access,
  info: ConnectionInfo,
  listeners: Listeners,
  signal: AbortSignal,
): Promise<Report> {
  const { version } = info;
  const first = new Laboratory(access, signal);
  const checks = checksOf().map((check, place): Placed => [place, check]);
  const speed = speedChecks(version).map((check, at): Placed => [checks.length + at, check]);
  const end = checks.length + speed.length;
  const run = new Run(access, listeners, signal, end + 1);
  run.tell(t("What the broker is"));
  const broker = await brokerName(first, version);
  // Speed is measured alone.
  const laboratories = await sideBySide(run, checks);
  await run.lane(speed);
  const group = t("Clean up");
  run.tell(group);
  const cleaning = {
    group,
    name: t("Retained messages and sessions of the test"),
    version,
    run: async () => {
      await Promise.all(laboratories.map((laboratory) => laboratory.cleanUp()));
      return t("All are removed.");
    },
  };
  run.add(end, await tried(cleaning, first));
  return {
    kind: "webmqtt-broker-report",
    date: new Date().toISOString(),
    url: publicUrl(access.url),
    broker,
    limits: limitsOf(info),
    findings: run.findings,
    complete: !signal.aborted,
  };
}

/** Only these checks, and what they leave is removed; for whoever has no page around it. */
export async function tryChecks(
  access: Access,
  wanted: (check: Check) => boolean,
): Promise<readonly Finding[]> {
  const checks = checksOf().filter(wanted);
  const listeners = { progress: () => {}, finding: () => {} };
  const run = new Run(access, listeners, new AbortController().signal, checks.length);
  const laboratories = await sideBySide(
    run,
    checks.map((check, place): Placed => [place, check]),
  );
  await Promise.all(laboratories.map((laboratory) => laboratory.cleanUp()));
  return run.findings;
}
