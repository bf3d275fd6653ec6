import { connect } from "webmqtt";
import * as base64 from "webmqtt/base64";
import { dissect } from "webmqtt/inspect";
import { parseJson } from "webmqtt/payload";
import { scramSha256 } from "webmqtt/scram";
import { signedUrl } from "webmqtt/sigv4";
import * as slim from "webmqtt/slim";

/** What a server makes of a component that uses the package: text, and no connection. */
export function render() {
  const all = [connect, base64.connect, dissect, parseJson, scramSha256, signedUrl, slim.connect];
  return `<p>${all.map((one) => typeof one).join(" ")}</p>`;
}
