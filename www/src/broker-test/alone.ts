/** The test of a broker for whoever drives a browser and has no page around it: `cargo xtask interop`. */

import type { ConnectionInfo, ProtocolVersion } from "webmqtt";
import { MqttError } from "webmqtt";
import { type Access, Laboratory } from "./laboratory.js";
import type { Finding } from "./report.js";
import { brokerName, tryChecks } from "./run.js";

/** What a broker grants at most to a client that asks for much. */
export type Announced = Pick<
  ConnectionInfo,
  | "keepalive"
  | "maximumQoS"
  | "retainAvailable"
  | "wildcardSubscriptionAvailable"
  | "sharedSubscriptionAvailable"
  | "subscriptionIdentifiersAvailable"
  | "maximumPacketSize"
  | "receiveMaximum"
  | "topicAliasMaximum"
  | "sessionExpiry"
>;

export interface Alone {
  /** What it calls itself, if it does. */
  readonly broker: string;
  /** Of MQTT 5, unless it does not speak that. */
  readonly announced: Announced | undefined;
  readonly findings: readonly Finding[];
}

/** Seconds: ten years, which a broker may cut. */
const LONG = 315_360_000;

async function announcedBy(laboratory: Laboratory): Promise<Announced | undefined> {
  try {
    const probe = await laboratory.open(5, { clean: false, sessionExpiry: LONG });
    const info = probe.client.connection;
    await laboratory.cleanUp();
    return (
      info && {
        keepalive: info.keepalive,
        maximumQoS: info.maximumQoS,
        retainAvailable: info.retainAvailable,
        wildcardSubscriptionAvailable: info.wildcardSubscriptionAvailable,
        sharedSubscriptionAvailable: info.sharedSubscriptionAvailable,
        subscriptionIdentifiersAvailable: info.subscriptionIdentifiersAvailable,
        maximumPacketSize: info.maximumPacketSize,
        receiveMaximum: info.receiveMaximum,
        topicAliasMaximum: info.topicAliasMaximum,
        sessionExpiry: info.sessionExpiry,
      }
    );
  } catch (error) {
    if (error instanceof MqttError) {
      return undefined;
    }
    throw error;
  }
}

/** Everything but speed. */
export async function testAlone(access: Access): Promise<Alone> {
  const laboratory = new Laboratory(access, new AbortController().signal);
  let announced: Announced | undefined;
  let broker: string;
  try {
    announced = await announcedBy(laboratory);
    broker = await brokerName(laboratory, announced ? 5 : 4);
  } finally {
    await laboratory.rest();
  }
  return { broker, announced, findings: await tryChecks(access, () => true) };
}

/** Some checks of a version, by their names. */
export function trySome(access: Access, version: ProtocolVersion, names: readonly string[]) {
  return tryChecks(access, (check) => check.version === version && names.includes(check.name));
}
