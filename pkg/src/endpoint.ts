/** Where a client goes: URLs as users give them, checked before the browser does, and what of them may be seen. */

import { MqttError } from "./errors.js";
import { oneOf } from "./options.js";
import type { ConnectOptions, ServerUrl } from "./types.js";

/** A server: a URL that a WebSocket can open, or a function that is asked for one. */
export type Server = string | Extract<ServerUrl, (...asked: never) => unknown>;

/** The servers of a client in the order in which they are tried, and the credentials that were in the first URL. */
export interface Endpoint {
  /** The first one that was given, by which sessions are known. */
  url: Server;
  urls: readonly Server[];
  username?: string;
  password?: string;
}

export function endpoint(url: ServerUrl, options: ConnectOptions): Endpoint {
  const first = typeof url === "function" ? { url } : checkedUrl(url);
  const others = (options.servers ?? []).map((server) =>
    typeof server === "function" ? server : urlAlone(server),
  );
  const urls: Server[] = [first.url, ...others];
  if (oneOf("serverOrder", ["given", "random"], options.serverOrder ?? "given") === 1) {
    const drawn = urls.map((url) => ({ url, place: Math.random() }));
    const inOrder = drawn.sort((one, other) => one.place - other.place);
    return { ...first, urls: inOrder.map(({ url }) => url) };
  }
  return { ...first, urls };
}

/** A URL that must have no credentials in it. */
export function urlAlone(given: string | URL): string {
  const { url, username, password } = checkedUrl(given);
  if (username || password) {
    throw new MqttError("option-invalid", { detail: "this URL must be without credentials" });
  }
  return url;
}

/** Checks the URL before the browser does, whose own errors say little. */
function checkedUrl(url: string | URL): Omit<Endpoint, "urls"> & { url: string } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new MqttError("url-invalid");
  }
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
    throw new MqttError("url-invalid", {
      detail: `the scheme is ${parsed.protocol}, not ws: or wss:`,
    });
  }
  if (parsed.hash) {
    throw new MqttError("url-invalid", { detail: "a WebSocket URL has no fragment" });
  }
  // Workers and frames that were made from text have the origin of who made them.
  if (globalThis.origin?.startsWith("https:") && isPlain(parsed.href)) {
    throw new MqttError("url-insecure");
  }
  const { username, password } = parsed;
  parsed.username = "";
  parsed.password = "";
  try {
    return {
      url: parsed.href,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
    };
  } catch {
    throw new MqttError("url-invalid", { detail: "the credentials in it are not percent-encoded" });
  }
}

/** Without TLS, and not to a host that browsers trust without it: loopback. */
export function isPlain(url: string): boolean {
  const authority = /^ws:\/\/(?:[^/?@]*@)?([^/?]+)/.exec(url)?.[1];
  return (
    authority !== undefined &&
    !/^(?:(?:.+\.)?localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/.test(authority)
  );
}

/** What of a URL may be seen: a signature is in its query. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*/, "");
}

/** Scheme, port and path of a URL as a client has it. */
const OWN = /^(wss?:\/\/)[^/]*?(:\d+)?(\/[^?]*)/;
/** Host and port, perhaps as a whole URL; nothing else, and no credentials. */
const REFERENCE = /^(wss?:\/\/)?([\w.-]+|\[[\da-f:.]+\])(:\d+)?([/?][!-"$-~]*)?$/i;

/**
 * The URL of the server that a Server Reference names, as seen from a URL; without a reference that one. Of several,
 * separated by spaces, the first that can be used; `undefined` if none can.
 *
 * A host takes everything else but the query from the URL, a whole URL takes the path if it has none. The query, in which
 * there can be a signature, goes to nobody else, and from `wss:` there is no way to `ws:`. The crate has the same as
 * `redirect::resolve`, and both are tested with one table.
 */
export function elsewhere(
  url: string | undefined,
  reference: string | undefined,
): string | undefined {
  if (url === undefined || reference === undefined) {
    return url;
  }
  const [, ours, ourPort = "", ourPath] = OWN.exec(url) ?? [];
  for (const one of ours ? reference.split(" ") : []) {
    const [, theirs, host, ownPort, path] = REFERENCE.exec(one) ?? [];
    const port = ownPort ?? (theirs ? "" : ourPort);
    const number = Number(port.slice(1) || 1);
    const safe = ours === "ws://" || !/^ws:/i.test(theirs ?? "");
    if (host && safe && number > 0 && number < 65_536 && (theirs || !path)) {
      return (theirs ?? ours) + host + port + (path ?? ourPath);
    }
  }
  return undefined;
}
