// @ts-check
// The server's side of SCRAM-SHA-256 (RFC 5802), with node:crypto, as something for the client under test to agree with.

import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

export const METHOD = "SCRAM-SHA-256";

/** @param {Buffer} key @param {string} text */
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

/** @param {Buffer} a @param {Buffer} b */
const xor = (a, b) => Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)));

/**
 * @typedef {object} ScramFacts what the server says; a test can make it wrong
 * @property {string} [salt] Base64
 * @property {number} [iterations]
 * @property {string} [serverNonce]
 * @property {(challenge: string) => string} [distort] the server's first message
 */

/** One exchange. */
export class ScramServer {
  username = "";
  #password;
  #facts;
  #firstBare = "";
  #challenge = "";

  /** @param {string} password @param {ScramFacts} [facts] */
  constructor(password, facts = {}) {
    this.#password = password;
    this.#facts = {
      salt: randomBytes(16).toString("base64"),
      iterations: 4096,
      serverNonce: randomBytes(12).toString("base64url"),
      ...facts,
    };
  }

  /** Takes the client's first message, gives the server's. @param {Buffer} first */
  challenge(first) {
    const [, name = "", nonce = ""] = /^n,,n=([^,]*),r=([^,]+)$/.exec(first.toString()) ?? [];
    if (!nonce) throw new Error(`not a first message: ${first}`);
    this.username = name.replaceAll("=2C", ",").replaceAll("=3D", "=");
    this.#firstBare = first.toString().slice(3);
    const { salt, iterations, serverNonce, distort = (text) => text } = this.#facts;
    this.#challenge = distort(`r=${nonce}${serverNonce},s=${salt},i=${iterations}`);
    return Buffer.from(this.#challenge);
  }

  /** Takes the client's final message, gives the server's; `undefined` if the proof is wrong. @param {Buffer} final */
  verify(final) {
    const [, bare = "", proof = ""] = /^(c=biws,r=[^,]+),p=(.+)$/.exec(final.toString()) ?? [];
    if (bare !== `c=biws,${this.#challenge.split(",")[0]}`) {
      throw new Error(`not a final message: ${final}`);
    }
    const { salt, iterations } = this.#facts;
    const salted = pbkdf2Sync(
      this.#password,
      Buffer.from(salt, "base64"),
      iterations,
      32,
      "sha256",
    );
    const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest();
    const message = `${this.#firstBare},${this.#challenge},${bare}`;
    const clientKey = xor(Buffer.from(proof, "base64"), hmac(storedKey, message));
    if (!timingSafeEqual(createHash("sha256").update(clientKey).digest(), storedKey)) {
      return undefined;
    }
    const signature = hmac(hmac(salted, "Server Key"), message);
    return Buffer.from(`v=${signature.toString("base64")}`);
  }
}
