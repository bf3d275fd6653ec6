// @ts-check
// The other side of AWS Signature Version 4: what AWS makes of a signed URL, computed with node:crypto.

import { createHash, createHmac } from "node:crypto";

/** @param {string} text */
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** @param {import("node:crypto").BinaryLike} key @param {string} text */
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

/** @param {string} secret @param {string[]} scope date, region, service, terminator */
export const signingKey = (secret, scope) =>
  scope.reduce((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));

/** As RFC 3986 has it. @param {string} text */
const encoded = (text) =>
  [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (/[A-Za-z0-9._~-]/.test(character)) return character;
      return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");

/**
 * What is wrong with the signature of a request, if anything. The session token is not part of what is signed, and comes
 * last.
 * @param {string} target path and query as they came
 * @param {string} host the header of that name
 * @param {{ secret: string, now: number, region: string, service?: string, token?: string | undefined }} known
 * @returns {"form" | "scope" | "expired" | "signature" | "token" | undefined}
 */
export function fault(target, host, { secret, now, region, service = "iotdevicegateway", token }) {
  const [path = "", query = ""] = target.split("?");
  const pairs = query.split("&").map((pair) => pair.split("=").map(decodeURIComponent));
  const last = pairs.at(-1);
  if (token !== undefined) {
    if (last?.[0] !== "X-Amz-Security-Token" || last[1] !== token) return "token";
    pairs.pop();
  }
  const signature = pairs.pop();
  const value = Object.fromEntries(pairs);
  const known = value["X-Amz-Algorithm"] === "AWS4-HMAC-SHA256";
  if (!known || value["X-Amz-SignedHeaders"] !== "host" || signature?.[0] !== "X-Amz-Signature") {
    return "form";
  }
  const time = value["X-Amz-Date"] ?? "";
  const [, ...scope] = (value["X-Amz-Credential"] ?? "").split("/");
  if (scope.join("/") !== `${time.slice(0, 8)}/${region}/${service}/aws4_request`) return "scope";
  const began = Date.parse(
    time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
  const age = now - began;
  if (!(age > -300_000 && age < Number(value["X-Amz-Expires"]) * 1000)) return "expired";
  const sorted = pairs
    .map(([name = "", text = ""]) => /** @type {const} */ ([encoded(name), encoded(text)]))
    .sort(([a, x], [b, y]) => (a === b ? Number(x > y) - Number(x < y) : a < b ? -1 : 1));
  const canonical = sorted.map((pair) => pair.join("=")).join("&");
  const signedPath = path.split("/").map(encoded).join("/");
  const request = `GET\n${signedPath}\n${canonical}\nhost:${host}\n\nhost\n${sha256("")}`;
  const message = `AWS4-HMAC-SHA256\n${time}\n${scope.join("/")}\n${sha256(request)}`;
  const right = hmac(signingKey(secret, scope), message).toString("hex");
  return signature[1] === right ? undefined : "signature";
}
