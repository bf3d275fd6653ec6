/** Connections on their way to other people and browsers: as a link, as a file. Passwords stay here. Pure. */

import { splitCredentials } from "./credentials.js";
import { t } from "./language.js";
import { type Profile, restoreProfile, USUAL } from "./profile.js";

const MARK = "#connection=";
const KIND = "webmqtt-connections";

/**
 * Not in a link: secrets and what may be one (tokens are handed out in the query of a URL and as user properties), and
 * the client id, with which two people would throw each other out.
 */
const PRIVATE = new Set<keyof Profile>([
  "id",
  "password",
  "keepPassword",
  "awsSessionToken",
  "clientId",
  "userProperties",
]);

/** What differs from the usual. */
function told(profile: Profile, without: ReadonlySet<keyof Profile>): Record<string, unknown> {
  const names = (Object.keys(USUAL) as (keyof Profile)[]).filter((name) => !without.has(name));
  return Object.fromEntries(
    names
      .filter((name) => JSON.stringify(profile[name]) !== JSON.stringify(USUAL[name]))
      .map((name) => [name, profile[name]]),
  );
}

function publicUrl(text: string): string {
  const { url } = splitCredentials(text);
  return url.replace(/[?#].*$/s, "");
}

/** The fragment of a link that opens this connection. */
export function fragmentOf(profile: Profile): string {
  const text = JSON.stringify({ ...told(profile, PRIVATE), url: publicUrl(profile.url) });
  const bytes = new TextEncoder().encode(text);
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return MARK + base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The connection that a link's fragment describes, if it does. Whoever made the link cannot give it a password. */
export function profileOfFragment(fragment: string): Profile | undefined {
  if (!fragment.startsWith(MARK)) {
    return undefined;
  }
  try {
    const base64 = fragment.slice(MARK.length).replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const profile = restoreProfile(JSON.parse(new TextDecoder().decode(bytes)));
    const { url } = splitCredentials(profile.url);
    return { ...profile, url, password: "", awsSessionToken: "", keepPassword: false };
  } catch {
    return undefined;
  }
}

/** Whether a link says nothing that this connection does not have already. */
export function isSame(one: Profile, other: Profile): boolean {
  return fragmentOf(one) === fragmentOf(other);
}

export function toFile(profiles: readonly Profile[]): string {
  const without = new Set<keyof Profile>(["id", "password", "awsSessionToken", "keepPassword"]);
  const connections = profiles.map((profile) => ({
    ...told(profile, without),
    url: splitCredentials(profile.url).url,
  }));
  return `${JSON.stringify({ kind: KIND, connections }, null, 2)}\n`;
}

/** Throws an error in words if the text is no such file. */
export function fromFile(text: string): Profile[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(t("The file is no JSON."));
  }
  const { kind, connections } = Object(parsed) as Record<string, unknown>;
  if (kind !== KIND || !Array.isArray(connections)) {
    throw new Error(t("The file has no connections of this page."));
  }
  return connections.map(restoreProfile);
}
