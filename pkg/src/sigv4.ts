/**
 * URLs for AWS IoT Core, signed with AWS Signature Version 4, anew for every attempt to connect.
 *
 * ```ts
 * import { connect } from "webmqtt";
 * import { signedUrl } from "webmqtt/sigv4";
 *
 * const url = signedUrl({
 *   endpoint: "abc123-ats.iot.eu-west-1.amazonaws.com",
 *   credentials: () => fetchCredentials(),
 * });
 * const client = await connect(url, { clientId: "panel-7" });
 * ```
 *
 * It needs WebCrypto, which browsers give to pages over `https:` and on localhost. What is thrown here never contains a
 * credential.
 */

import type { Attempt } from "./types.js";

/** Credentials as AWS STS and Amazon Cognito give them. */
export interface AwsCredentials {
  /** Names the credentials; it is part of the URL. */
  accessKeyId: string;
  /** Signs, and never leaves. */
  secretAccessKey: string;
  /** Of temporary credentials. */
  sessionToken?: string | undefined;
  /** When they end: a date, milliseconds since 1970, or text that `Date` reads. Default: not known. */
  expiration?: Date | number | string | undefined;
}

/** Where to connect, with which credentials. */
export interface SignedUrlOptions {
  /** Host name of the AWS IoT endpoint, or a `wss:` URL; without a path it is `/mqtt`. Parameters of its query are signed, too. */
  endpoint: string | URL;
  /**
   * A function is asked when there are none, when those of before end within a minute, and after a refusal by the
   * broker; if it told no `expiration`, before every attempt.
   */
  credentials: AwsCredentials | ((attempt: Attempt) => AwsCredentials | Promise<AwsCredentials>);
  /** Default: what the host name says, `….iot.{region}.amazonaws.com`. Needed for a host name of your own. */
  region?: string;
  /** Default `iotdevicegateway`. */
  service?: string;
  /** Seconds for which a URL is good, 1 to 604,800; AWS IoT may take less for enough. Default 300. */
  expires?: number;
  /**
   * Milliseconds that AWS is ahead of the clock of this device, negative if it is behind, or a function that tells them. A
   * signature that is more than five minutes off is refused. Default 0.
   */
  clockSkew?: number | (() => number);
}

/** Credentials that end sooner are not used any more, in milliseconds. */
const MARGIN = 60_000;
const EMPTY_BODY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/** A function for `connect()`, which asks it before every attempt. */
export function signedUrl(options: SignedUrlOptions): (attempt: Attempt) => Promise<string> {
  const { expires = 300, clockSkew = 0, service = "iotdevicegateway" } = options;
  const url = endpointUrl(options.endpoint);
  const region = options.region ?? /\.iot\.([a-z0-9-]+)\.amazonaws\./.exec(url.hostname)?.[1];
  if (!region) {
    throw new TypeError("the host name of the endpoint does not say its region: give region");
  }
  if (!(Number.isInteger(expires) && expires >= 1 && expires <= 604_800)) {
    throw new RangeError("expires must be from 1 to 604,800");
  }
  const asked = options.credentials;
  let kept: AwsCredentials | undefined;
  const credentialsFor = async (attempt: Attempt, now: number) => {
    if (typeof asked !== "function") {
      return asked;
    }
    if (!kept || attempt.refused || !(endOf(kept) > now + MARGIN)) {
      kept = undefined;
      const given = await asked(attempt);
      kept = given.expiration === undefined ? undefined : given;
      return given;
    }
    return kept;
  };
  return async (attempt) => {
    const now = () => Date.now() + (typeof clockSkew === "function" ? clockSkew() : clockSkew);
    const credentials = await credentialsFor(attempt, now());
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    if (!accessKeyId || !secretAccessKey) {
      throw new TypeError("the credentials have no accessKeyId or no secretAccessKey");
    }
    if (endOf(credentials) <= now()) {
      throw new Error("the credentials have expired");
    }
    // 20150830T123600Z
    const time = new Date(now()).toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = [time.slice(0, 8), region, service, "aws4_request"];
    const parameters: [string, string][] = [
      ...url.searchParams,
      ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
      ["X-Amz-Credential", `${accessKeyId}/${scope.join("/")}`],
      ["X-Amz-Date", time],
      ["X-Amz-Expires", String(expires)],
      ["X-Amz-SignedHeaders", "host"],
    ];
    // In the order of the names: `=` would come behind other characters of them.
    const query = parameters
      .map(([name, value]) => `${encoded(name)}\0${encoded(value)}`)
      .sort()
      .join("&")
      .replace(/\0/g, "=");
    // The path is encoded once more than it is sent.
    const path = url.pathname.split("/").map(encoded).join("/");
    const request = `GET\n${path}\n${query}\nhost:${url.host}\n\nhost\n${EMPTY_BODY}`;
    const message = `AWS4-HMAC-SHA256\n${time}\n${scope.join("/")}\n${hex(await sha256(request))}`;
    const signature = hex(await hmac(await signingKey(secretAccessKey, scope), message));
    // AWS IoT wants the token behind the signature, and not in it.
    const token = sessionToken ? `&X-Amz-Security-Token=${encoded(sessionToken)}` : "";
    return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signature}${token}`;
  };
}

function endpointUrl(endpoint: string | URL): URL {
  const text = String(endpoint);
  let url: URL;
  try {
    url = new URL(/^\w+:\/\//.test(text) ? text : `wss://${text}`);
  } catch {
    throw new TypeError("the endpoint is neither a host name nor a URL");
  }
  if (url.pathname === "/") {
    url.pathname = "/mqtt";
  }
  return url;
}

/** Not a number for what is no date. */
function endOf({ expiration }: AwsCredentials): number {
  return expiration === undefined ? Number.POSITIVE_INFINITY : new Date(expiration).getTime();
}

/** The key for one day, region and service: `scope` in turn, from the secret on. */
export async function signingKey(
  secretAccessKey: string,
  scope: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  let key = utf8(`AWS4${secretAccessKey}`);
  for (const part of scope) {
    key = await hmac(key, part);
  }
  return key;
}

/** RFC 3986, which leaves fewer characters alone than `encodeURIComponent`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function sha256(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await subtle().digest("SHA-256", utf8(text)));
}

async function hmac(
  key: Uint8Array<ArrayBuffer>,
  message: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await subtle().importKey("raw", key, HMAC, false, ["sign"]);
  return new Uint8Array(await subtle().sign("HMAC", imported, utf8(message)));
}

function subtle(): SubtleCrypto {
  if (!globalThis.crypto?.subtle) {
    throw new Error("WebCrypto is missing: signing needs a page over https: or on localhost");
  }
  return crypto.subtle;
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
