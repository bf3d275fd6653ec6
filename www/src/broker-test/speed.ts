/** How many messages a second go through the broker and back to the page, and how long one takes. */

import type { ProtocolVersion, QoS } from "webmqtt";
import { count, duration } from "../format.js";
import { t } from "../language.js";
import { type Laboratory, Unexpected } from "./laboratory.js";

/** Milliseconds that are measured. */
const SPAN = 1_500;
/** On their way at once, so that no broker has to drop any. */
const WINDOW = 200;
const BYTES = 100;
const PINGS = 30;

export async function latency(lab: Laboratory, version: ProtocolVersion): Promise<string> {
  const topic = lab.topic("latency");
  const probe = await lab.open(version);
  await probe.subscribe(topic, { qos: 0 });
  const times: number[] = [];
  for (let number = 0; number < PINGS; number += 1) {
    const begun = performance.now();
    await probe.publish(topic, String(number), { qos: 0 });
    if (!(await probe.until((messages) => messages.length > number, 2_000))) {
      throw new Unexpected(t("A message did not come back."));
    }
    times.push(performance.now() - begun);
  }
  times.sort((one, other) => one - other);
  const at = (part: number) => duration(times[Math.floor(part * (times.length - 1))] ?? 0);
  return t("To the broker and back: {median} in the median, {most} at the 95th percentile.", {
    median: at(0.5),
    most: at(0.95),
  });
}

export async function throughput(
  lab: Laboratory,
  version: ProtocolVersion,
  qos: QoS,
): Promise<string> {
  const topic = lab.topic("speed");
  const to = await lab.open(version);
  let arrived = 0;
  let tell: (() => void) | undefined;
  const subscription = await to.client.subscribe(topic, { qos, timeout: 5_000 }, () => {
    arrived += 1;
    tell?.();
  });
  const from = await lab.open(version);
  const payload = new Uint8Array(BYTES);
  const begun = performance.now();
  let sent = 0;
  const failures: unknown[] = [];
  while (performance.now() - begun < SPAN) {
    while (sent - arrived < WINDOW && performance.now() - begun < SPAN) {
      sent += 1;
      from.client.publish(topic, payload, { qos }).catch((error) => failures.push(error));
    }
    const before = arrived;
    const moved = await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), 2_000);
      tell = () => {
        clearTimeout(late);
        resolve(true);
      };
      if (arrived > before) {
        tell();
      }
    });
    if (failures.length > 0) {
      throw failures[0];
    }
    if (!moved) {
      throw new Unexpected(
        t("Only {count} of {all} came.", { count: count(arrived), all: count(sent) }),
      );
    }
  }
  const perSecond = (arrived * 1000) / (performance.now() - begun);
  await subscription.unsubscribe();
  return t("{rate} messages of {bytes} bytes a second, there and back.", {
    rate: count(perSecond),
    bytes: BYTES,
  });
}
