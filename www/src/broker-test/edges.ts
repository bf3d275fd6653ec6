/** What a test of a broker tries at the edges: large and many messages, two subscriptions for one message, false accounts. */

import type { ProtocolVersion } from "webmqtt";
import { MqttError } from "webmqtt";
import { answerOf } from "../errors.js";
import { bytes, duration } from "../format.js";
import { t } from "../language.js";
import { Declined, type Laboratory, Unexpected } from "./laboratory.js";

/** Bytes of the payloads that are tried, until one of them passes. */
const LARGE = [1_048_576, 1_000_000, 262_144, 65_536, 16_384];
/** Bytes that a packet has besides its payload, and more than that. */
const HEAD = 200;
/** Milliseconds; some brokers are slow with large packets. */
const LARGE_PATIENCE = 60_000;
/** Messages that are published in one go. */
const MANY = 100;

function payloadOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

/** There and back. Throws what stands in the way. */
async function carry(lab: Laboratory, version: ProtocolVersion, length: number): Promise<string> {
  const topic = lab.topic("large");
  const probe = await lab.open(version);
  await probe.subscribe(topic, { qos: 1 });
  const payload = payloadOf(length);
  const begun = performance.now();
  const options = { qos: 1, timeout: LARGE_PATIENCE } as const;
  await probe.client.publish(topic, payload, options);
  const came = await probe.until((messages) => messages.length > 0, LARGE_PATIENCE);
  const got = probe.messages[0]?.payload;
  if (!came || !got) {
    throw new Unexpected(t("No message came."));
  }
  if (got.length !== length || got.some((byte, at) => byte !== payload[at])) {
    throw new Unexpected(t("It came changed."));
  }
  return t("{size} came back after {time}.", {
    size: bytes(length),
    time: duration(performance.now() - begun),
  });
}

export async function large(lab: Laboratory, version: ProtocolVersion): Promise<string> {
  const { client } = await lab.open(version);
  const announced = client.connection?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  await lab.rest();
  let refusal = "";
  for (const wanted of LARGE) {
    const length = Math.min(wanted, announced - HEAD);
    try {
      const words = await carry(lab, version, length);
      if (refusal !== "") {
        throw new Declined(`${refusal} ${words}`);
      }
      return length < wanted
        ? `${t("Its CONNACK allows packets of {size}.", { size: bytes(announced) })} ${words}`
        : words;
    } catch (error) {
      if (!(error instanceof MqttError)) {
        throw error;
      }
      // The broker closes, or says that it is too large; the next one gets a new connection.
      refusal ||= `${bytes(length)}: ${answerOf(error)}`;
      await lab.rest();
    }
  }
  throw new Unexpected(refusal);
}

/** The client puts packets of one turn together in a WebSocket message. */
export async function together(lab: Laboratory, version: ProtocolVersion): Promise<string> {
  const topic = lab.topic("together");
  const probe = await lab.open(version);
  await probe.subscribe(topic, { qos: 0 });
  const numbers = Array.from({ length: MANY }, (_, index) => String(index + 1));
  await Promise.all(numbers.map((text) => probe.publish(topic, text, { qos: 0 })));
  await probe.until((messages) => messages.length >= MANY);
  const { texts } = probe;
  if (texts.join() !== numbers.join()) {
    throw new Unexpected(t("{count} of {all} came.", { count: texts.length, all: MANY }));
  }
  return t("All came, in their order.");
}

/** One client with two filters for a topic: both one copy and one for each of them are right. */
export async function overlapping(lab: Laboratory, version: ProtocolVersion): Promise<string> {
  const topic = lab.topic("overlap");
  const from = await lab.open(version);
  const one = await lab.open(version);
  await one.subscribe(`${topic}/+`, { qos: 1 });
  await one.subscribe(`${topic}/#`, { qos: 1 });
  await from.publish(`${topic}/a`, "both", { qos: 1 });
  await from.publish(`${topic}/a`, "end", { qos: 1 });
  await one.untilText("end");
  // Copies of the last one may still be on their way.
  await one.until(() => false, 300);
  const handled = one.texts.filter((text) => text === "both").length;
  const received = one.client.stats().messagesIn / 2;
  if (handled < 2) {
    throw new Unexpected(t("A subscription got nothing."));
  }
  return received > 1
    ? t("The broker sends a copy for each subscription.")
    : t("The broker sends one copy for all subscriptions.");
}

/** An account that nobody has. */
export async function falseAccount(lab: Laboratory, version: ProtocolVersion): Promise<string> {
  try {
    await lab.open(version, { username: lab.clientId(), password: lab.prefix });
  } catch (error) {
    if (error instanceof MqttError && error.code !== "connect-timeout") {
      return answerOf(error);
    }
    throw error;
  }
  throw new Declined(t("It lets in whoever asks."));
}
