/** What a broker said in its CONNACK, in words. Pure. */

import type { ConnectionInfo } from "webmqtt";
import { bytes, count } from "./format.js";
import { t } from "./language.js";

type Facts = [name: string, text: string][];

/** What it allows, whoever connects. */
export function limitsOf(info: ConnectionInfo): Facts {
  const yes = (allowed: boolean) => (allowed ? t("yes") : t("no"));
  const facts: Facts = [
    [t("Keep alive"), info.keepalive === 0 ? t("off") : `${count(info.keepalive)} s`],
    [t("Highest QoS"), String(info.maximumQoS)],
    [t("Retained messages"), yes(info.retainAvailable)],
    [t("Wildcards"), yes(info.wildcardSubscriptionAvailable)],
    [t("Shared subscriptions"), yes(info.sharedSubscriptionAvailable)],
    [t("Largest packet"), bytes(info.maximumPacketSize)],
    [t("In flight at once"), count(info.receiveMaximum)],
  ];
  if (info.version === 5) {
    const forever = !Number.isFinite(info.sessionExpiry) || info.sessionExpiry >= 0xffff_ffff;
    facts.push(
      [t("Session expiry"), forever ? t("never") : `${count(info.sessionExpiry)} s`],
      [t("Topic aliases"), count(info.topicAliasMaximum)],
    );
  }
  return facts;
}

/** All of it. */
export function factsOf(info: ConnectionInfo): Facts {
  const facts: Facts = [
    [t("Session"), info.sessionPresent ? t("went on") : t("new")],
    [t("Client id"), info.clientId],
    ...limitsOf(info),
  ];
  const more: [string, string | undefined][] = [
    [t("Response information"), info.responseInformation],
    [t("Another server"), info.serverReference],
    [t("Authenticated with"), info.authenticationMethod],
    [t("The broker says"), info.reasonString],
  ];
  for (const [name, text] of more) {
    if (text) {
      facts.push([name, text]);
    }
  }
  return facts.concat(info.userProperties.map(([name, text]) => [name, text]));
}
