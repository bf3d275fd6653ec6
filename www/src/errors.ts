/** Errors in words. The words are the package's; here they are only put together. */

import { MqttError } from "webmqtt";
import { t, tFacts } from "./language.js";

export interface Explanation {
  readonly message: string;
  readonly remedy: string;
  /** For whoever reports it or looks it up. */
  readonly code: string;
}

export function explain(error: unknown): Explanation {
  if (error instanceof MqttError) {
    const facts: string[] = [error.code];
    if (error.reasonCode !== undefined) {
      facts.push(
        t("reason code {code}", { code: `0x${error.reasonCode.toString(16).padStart(2, "0")}` }),
      );
    }
    return { message: tFacts(error.message), remedy: t(error.remediation), code: facts.join(", ") };
  }
  return { message: error instanceof Error ? error.message : String(error), remedy: "", code: "" };
}

/** What the broker answered in an error, else what happened here. */
export function answerOf(error: MqttError): string {
  const { message, code } = explain(error);
  const said = error.reasonString ? ` ${t("It says: {words}", { words: error.reasonString })}` : "";
  return `${message}${said} (${code})`;
}

/** Whether the error only says that the user ended the connection. */
export function isFarewell(error: unknown): boolean {
  return error instanceof MqttError && (error.code === "closed" || error.code === "aborted");
}
