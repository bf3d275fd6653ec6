/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) for the option `auth`: the broker never gets the password, and proves that it knows it.
 *
 * ```ts
 * import { connect } from "webmqtt";
 * import { scramSha256 } from "webmqtt/scram";
 *
 * const client = await connect(url, { auth: scramSha256({ username: "ann", password: "secret" }) });
 * ```
 *
 * It needs WebCrypto, which browsers give to pages over `https:` and on localhost. There is no channel binding: a page
 * does not get to know the TLS connection.
 */

import type { Asked, Attempt, AuthenticationExchange, Authenticator } from "./types.js";

/** With what to authenticate. */
export interface ScramOptions {
  /** A function is asked before every exchange. */
  username: Asked<string>;
  /** A function is asked before every exchange. */
  password: Asked<string>;
  /** How many rounds of PBKDF2 at most the broker may ask for, 4,096 to 1,000,000. Default 1,000,000. */
  maximumIterations?: number;
}

/** RFC 7677 says that there should be no fewer. */
const MINIMUM_ITERATIONS = 4096;
const MAXIMUM_ITERATIONS = 1_000_000;
/** The GS2 header without channel binding; `biws` is its Base64. */
const HEADER = "n,,";

const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/**
 * An authenticator for SCRAM-SHA-256. User name and password are normalised with NFKC, which for ASCII changes nothing;
 * SASLprep would also remove characters that cannot be seen, like soft hyphens. Control characters are refused.
 */
export function scramSha256({
  username,
  password,
  maximumIterations = MAXIMUM_ITERATIONS,
}: ScramOptions): Authenticator {
  if (!(maximumIterations >= MINIMUM_ITERATIONS && maximumIterations <= MAXIMUM_ITERATIONS)) {
    throw new RangeError("maximumIterations must be from 4,096 to 1,000,000");
  }
  let offered: string | undefined;
  return {
    method: "SCRAM-SHA-256",
    async start(attempt) {
      const user = await prepared("username", username, attempt);
      const secret = await prepared("password", password, attempt);
      const offer = `${user}\0${secret}`;
      // Another nonce would make it look like other credentials.
      if (attempt.refused && offer === offered) {
        return undefined;
      }
      offered = offer;
      return exchange(user, secret, maximumIterations);
    },
  };
}

async function prepared(name: string, asked: Asked<string>, attempt: Attempt): Promise<string> {
  const text = (await (typeof asked === "function" ? asked(attempt) : asked))?.normalize("NFKC");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  if (!text || /[\x00-\x1F\x7F-\x9F]/.test(text)) {
    throw new Error(`the ${name} is empty or has a control character`);
  }
  return text;
}

function exchange(
  username: string,
  password: string,
  maximumIterations: number,
): AuthenticationExchange {
  if (!globalThis.crypto?.subtle) {
    throw new Error("WebCrypto is missing: SCRAM needs a page over https: or on localhost");
  }
  const nonce = base64(crypto.getRandomValues(new Uint8Array(15)));
  const name = username.replace(/=/g, "=3D").replace(/,/g, "=2C");
  const firstBare = `n=${name},r=${nonce}`;
  /** What the server has to sign, and with what. */
  let expected: { key: CryptoKey; message: BufferSource } | undefined;
  return {
    data: utf8(HEADER + firstBare),
    async answer(data) {
      if (expected) {
        throw new Error("the broker asks more than SCRAM knows");
      }
      const first = text(data);
      const fields = /^r=([!-+\--~]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})(?:,|$)/.exec(first);
      const [, both = "", salt = "", count = ""] = fields ?? [];
      if (!both.startsWith(nonce) || both.length === nonce.length) {
        throw new Error("the broker's first message is not valid");
      }
      const iterations = Number(count);
      if (iterations < MINIMUM_ITERATIONS || iterations > maximumIterations) {
        throw new Error(`the broker asks for ${iterations} iterations`);
      }
      const final = `c=${base64(utf8(HEADER))},r=${both}`;
      const message = utf8(`${firstBare},${first},${final}`);
      const salted = await key(await pbkdf2(password, bytesOf(salt), iterations));
      const clientKey = await sign(salted, utf8("Client Key"));
      const storedKey = await crypto.subtle.digest("SHA-256", clientKey);
      const signature = await sign(await key(storedKey), message);
      const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0));
      expected = { key: await key(await sign(salted, utf8("Server Key"))), message };
      return utf8(`${final},p=${base64(proof)}`);
    },
    async finish(data) {
      const [, signature] = /^v=([A-Za-z0-9+/]+={0,2})(?:,|$)/.exec(text(data)) ?? [];
      // `verify` takes the same time whatever differs.
      const proved =
        expected &&
        signature &&
        (await crypto.subtle.verify("HMAC", expected.key, bytesOf(signature), expected.message));
      if (!proved) {
        throw new Error("the broker did not prove that it knows the password");
      }
    },
  };
}

async function pbkdf2(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<ArrayBuffer> {
  const secret = await crypto.subtle.importKey("raw", utf8(password), "PBKDF2", false, [
    "deriveBits",
  ]);
  return crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    secret,
    256,
  );
}

function key(bytes: BufferSource): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, HMAC, false, ["sign", "verify"]);
}

async function sign(with_: CryptoKey, message: BufferSource): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", with_, message));
}

function utf8(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

function text(data: Uint8Array | undefined): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(data);
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function bytesOf(encoded: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
}
