/** What a test of a broker tries: one function for each line of the report. It returns what was seen, or throws. */

import type { Message, ProtocolVersion, QoS } from "webmqtt";
import { t } from "../language.js";
import { falseAccount, large, overlapping, together } from "./edges.js";
import { Declined, type Laboratory, type Probe, Unexpected } from "./laboratory.js";

export interface Check {
  readonly group: string;
  readonly name: string;
  /** Needs this version; a broker that does not speak it is not asked for more. */
  readonly version: ProtocolVersion;
  /** The first one of a version tells whether it is spoken at all. */
  readonly opening?: true;
  run(laboratory: Laboratory): Promise<string>;
}

const NAMES: Record<ProtocolVersion, string> = { 5: "MQTT 5", 4: "MQTT 3.1.1", 3: "MQTT 3.1" };
const LEVELS: readonly QoS[] = [0, 1, 2];
/** Messages of each cell of the table. */
const SOME = 10;
/** Milliseconds in which something that must not come would have come. */
const QUIET = 300;
const END = "end";

const decoder = new TextDecoder();
const textOf = ({ payload }: Message): string => decoder.decode(payload);

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) {
    throw new Unexpected(otherwise);
  }
}

async function publishAll(from: Probe, topic: string, qos: QoS): Promise<void> {
  const numbers = Array.from({ length: SOME }, (_, index) => String(index + 1));
  await Promise.all([...numbers, END].map((text) => from.publish(topic, text, { qos })));
}

/** Whether what came is what this QoS promises. */
async function assertSeries(to: Probe, qos: QoS): Promise<string> {
  const complete = await to.untilText(END, qos === 0 ? 2_000 : 5_000);
  const texts = to.texts.filter((text) => text !== END);
  const different = new Set(texts).size;
  if (qos === 0) {
    expectThat(complete || different > 0, t("No message came."));
    expectThat(texts.length === different, t("Messages came more than once."));
    return t("{count} of {all} came.", { count: different, all: SOME });
  }
  expectThat(
    complete && different === SOME,
    t("Only {count} of {all} came.", { count: different, all: SOME }),
  );
  expectThat(qos === 1 || texts.length === SOME, t("Messages came more than once."));
  const qosOf = new Set(to.messages.map((message) => message.qos));
  expectThat(
    qosOf.size === 1 && qosOf.has(qos),
    t("They came with QoS {qos}.", { qos: [...qosOf].join(", ") }),
  );
  return qos === 2 ? t("Each came exactly once.") : t("All came.");
}

async function live(lab: Laboratory, version: ProtocolVersion, qos: QoS, clean: boolean) {
  const topic = lab.topic("live");
  const to = await lab.open(version, { clean });
  await to.subscribe(topic, { qos });
  const from = await lab.open(version);
  await publishAll(from, topic, qos);
  return assertSeries(to, qos);
}

async function offline(lab: Laboratory, version: ProtocolVersion, qos: QoS): Promise<string> {
  const topic = lab.topic("offline");
  const clientId = lab.clientId();
  const first = await lab.open(version, { clean: false, clientId });
  await first.subscribe(topic, { qos });
  await lab.close(first);
  const from = await lab.open(version);
  await publishAll(from, topic, qos);
  if (version === 5 && first.client.connection?.sessionExpiry === 0) {
    throw new Declined(t("Its CONNACK ends the session with the connection."));
  }
  const again = await lab.open(version, {
    clean: false,
    clientId,
    prepare: (probe) => probe.expect(topic, qos),
  });
  if (again.client.connection?.sessionPresent !== true) {
    if (qos === 0 && (await keepsSession(lab, version))) {
      throw new Declined(
        t("It keeps sessions with subscriptions of QoS 1, and forgets this one of QoS 0."),
      );
    }
    throw new Unexpected(t("The broker did not keep the session."));
  }
  if (qos > 0) {
    return assertSeries(again, qos);
  }
  await again.untilText(END, QUIET);
  return again.messages.length > 0
    ? t("The broker keeps QoS 0 too.")
    : t("The session was kept; QoS 0 is not kept for those who are away, as the standard allows.");
}

/** Whether a session with a subscription of QoS 1 outlives its connection. */
async function keepsSession(lab: Laboratory, version: ProtocolVersion): Promise<boolean> {
  const clientId = lab.clientId();
  const first = await lab.open(version, { clean: false, clientId });
  await first.subscribe(lab.topic("kept"), { qos: 1 });
  await lab.close(first);
  const again = await lab.open(version, { clean: false, clientId });
  return again.client.connection?.sessionPresent === true;
}

async function fresh(lab: Laboratory, version: ProtocolVersion): Promise<string> {
  const topic = lab.topic("fresh");
  const clientId = lab.clientId();
  const first = await lab.open(version, { clean: false, clientId });
  await first.subscribe(topic, { qos: 1 });
  await lab.close(first);
  const second = await lab.open(version, { clean: true, clientId });
  expectThat(
    second.client.connection?.sessionPresent === false,
    t("A clean session began with an old one."),
  );
  const from = await lab.open(version);
  await from.publish(topic, "1", { qos: 1 });
  expectThat(!(await second.untilText("1", QUIET)), t("An old subscription lived on."));
  return t("The old session was gone.");
}

/** Whether the kept message comes to a new subscriber with this filter, or only the one that is published then. */
async function comesKept(lab: Laboratory, from: Probe, topic: string, filter: string) {
  const to = await lab.open(from.version);
  await to.subscribe(filter, { qos: 1 });
  if (await to.untilText("kept", QUIET)) {
    return to;
  }
  await from.publish(topic, END, { qos: 1 });
  expectThat(await to.untilText(END), t("No message came."));
  return (await to.untilText("kept", QUIET)) ? to : undefined;
}

async function retained(lab: Laboratory, version: ProtocolVersion, wildcard: boolean) {
  const topic = lab.topic("retained");
  const from = await lab.open(version);
  if (from.client.connection?.retainAvailable === false) {
    throw new Declined(t("Its CONNACK says so."));
  }
  await lab.retain(from, topic, "kept");
  // That it keeps messages at all is asked first, without a wildcard.
  let to = await comesKept(lab, from, topic, topic);
  expectThat(to !== undefined, t("The retained message did not come."));
  if (wildcard) {
    to = await comesKept(lab, from, topic, `${topic}/#`);
    if (!to) {
      throw new Declined(
        t(
          "It gives retained messages to subscriptions without wildcards only: what was published live came through the wildcard.",
        ),
      );
    }
  }
  expectThat(
    to?.messages.find((message) => textOf(message) === "kept")?.retain === true,
    t("It came without its retain flag."),
  );
  await from.publish(topic, "", { qos: 1, retain: true });
  const later = await lab.open(version);
  await later.subscribe(topic, { qos: 1 });
  expectThat(!(await later.untilText("kept", QUIET)), t("It came although it had been removed."));
  return t("It came to a new subscriber, and no more after it was removed.");
}

async function retainHandling(lab: Laboratory): Promise<string> {
  const topic = lab.topic("handling");
  const from = await lab.open(5);
  await lab.retain(from, topic, "kept");
  const to = await lab.open(5);
  await to.subscribe(topic, { qos: 1, retainHandling: 2 });
  expectThat(!(await to.untilText("kept", QUIET)), t("The retained message came all the same."));
  return t("Retained messages stay away where that is asked for.");
}

async function will(lab: Laboratory, version: ProtocolVersion, gone: boolean): Promise<string> {
  const topic = lab.topic("will");
  const watcher = await lab.open(version);
  await watcher.subscribe(topic, { qos: 1 });
  const mortal = await lab.open(version, { will: { topic, payload: "gone", qos: 1 } });
  await lab.close(mortal, { force: gone });
  if (gone) {
    expectThat(await watcher.untilText("gone"), t("The will did not come."));
    return t("It came when the connection was cut.");
  }
  expectThat(!(await watcher.untilText("gone", QUIET)), t("It came in spite of a DISCONNECT."));
  return t("It did not come after a DISCONNECT.");
}

async function shared(lab: Laboratory): Promise<string> {
  const topic = lab.topic("shared");
  const [one, other] = [await lab.open(5), await lab.open(5)];
  for (const probe of [one, other]) {
    await probe.subscribe(`$share/${lab.prefix}/${topic}`, { qos: 1 });
  }
  const from = await lab.open(5);
  await publishAll(from, topic, 1);
  const all = () => [...one.texts, ...other.texts];
  await Promise.race([one, other].map((probe) => probe.until(() => all().length > SOME)));
  const texts = all();
  expectThat(
    new Set(texts).size === SOME + 1,
    t("Only {count} of {all} came.", { count: new Set(texts).size, all: SOME + 1 }),
  );
  expectThat(texts.length === SOME + 1, t("Messages came to both."));
  return t("Each went to one of two subscribers: {one} and {other}.", {
    one: one.texts.length,
    other: other.texts.length,
  });
}

async function properties(lab: Laboratory): Promise<string> {
  const topic = lab.topic("properties");
  const to = await lab.open(5);
  await to.subscribe(topic, { qos: 1 });
  await to.publish(topic, "{}", {
    qos: 1,
    contentType: "application/json",
    responseTopic: `${topic}/answer`,
    correlationData: new Uint8Array([1, 2, 3]),
    userProperties: [["colour", "teal"]],
  });
  expectThat(await to.untilText("{}"), t("No message came."));
  const got = to.messages[0]?.properties;
  expectThat(
    got?.contentType === "application/json" &&
      got.responseTopic === `${topic}/answer` &&
      got.correlationData?.join() === "1,2,3" &&
      got.userProperties.some(([name, value]) => name === "colour" && value === "teal"),
    t("Some of them were lost."),
  );
  return t("Content type, response topic, correlation data and user properties came through.");
}

async function noLocal(lab: Laboratory): Promise<string> {
  const topic = lab.topic("no-local");
  const one = await lab.open(5);
  await one.subscribe(topic, { qos: 1, noLocal: true });
  const other = await lab.open(5);
  await one.publish(topic, "mine", { qos: 1 });
  await other.publish(topic, END, { qos: 1 });
  expectThat(await one.untilText(END), t("No message came."));
  expectThat(!one.texts.includes("mine"), t("What the client had published itself came back."));
  return t("Only what others published came.");
}

async function expiry(lab: Laboratory): Promise<string> {
  const topic = lab.topic("expiry");
  const clientId = lab.clientId();
  const first = await lab.open(5, { clean: false, clientId });
  await first.subscribe(topic, { qos: 1 });
  await lab.close(first);
  const from = await lab.open(5);
  await from.publish(topic, "short", { qos: 1, messageExpiry: 1 });
  await from.publish(topic, END, { qos: 1, messageExpiry: 60 });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const again = await lab.open(5, {
    clean: false,
    clientId,
    prepare: (probe) => probe.expect(topic, 1),
  });
  expectThat(await again.untilText(END), t("No message came."));
  expectThat(!again.texts.includes("short"), t("An expired message came."));
  const left = again.messages.find((message) => textOf(message) === END)?.properties.messageExpiry;
  expectThat(left !== undefined && left < 60, t("The time that is left is not counted down."));
  return t("An expired message was dropped, another one came with {left} s left.", {
    left: left ?? 0,
  });
}

async function speaks(lab: Laboratory, version: ProtocolVersion): Promise<string> {
  const probe = await lab.open(version);
  await lab.close(probe);
  return t("The broker accepts the connection.");
}

function ofVersion(version: ProtocolVersion): Check[] {
  const group = NAMES[version];
  const check = (name: string, run: Check["run"]): Check => ({ group, name, version, run });
  const checks: Check[] = [
    { ...check(t("Connect"), (lab) => speaks(lab, version)), opening: true },
  ];
  for (const clean of [true, false]) {
    const kind = clean ? t("clean session") : t("kept session");
    for (const qos of LEVELS) {
      const name = t("QoS {qos}, {kind}", { qos, kind });
      checks.push(check(name, (lab) => live(lab, version, qos, clean)));
    }
  }
  if (version === 3) {
    return checks;
  }
  for (const qos of LEVELS) {
    const name = t("Offline delivery, QoS {qos}", { qos });
    checks.push(check(name, (lab) => offline(lab, version, qos)));
  }
  checks.push(
    check(t("A clean session forgets the old one"), (lab) => fresh(lab, version)),
    check(t("Retained message"), (lab) => retained(lab, version, false)),
    check(t("Retained message by a wildcard"), (lab) => retained(lab, version, true)),
    check(t("Last will"), (lab) => will(lab, version, true)),
    check(t("No last will after a farewell"), (lab) => will(lab, version, false)),
    check(t("Many packets at once"), (lab) => together(lab, version)),
    check(t("Overlapping subscriptions"), (lab) => overlapping(lab, version)),
    check(t("Large payload"), (lab) => large(lab, version)),
    check(t("False account refused"), (lab) => falseAccount(lab, version)),
  );
  if (version === 5) {
    checks.push(
      check(t("Retain handling"), retainHandling),
      check(t("Shared subscription"), shared),
      check(t("Properties of a message"), properties),
      check(t("Not what I publish myself"), noLocal),
      check(t("Message expiry"), expiry),
    );
  }
  return checks;
}

export function checksOf(): Check[] {
  return [...ofVersion(5), ...ofVersion(4), ...ofVersion(3)];
}
