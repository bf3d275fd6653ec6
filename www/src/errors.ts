/** Errors in words. The words are the package's; here they are only put together. */

import { MqttError } from "webmqtt";

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
      facts.push(`reason code 0x${error.reasonCode.toString(16).padStart(2, "0")}`);
    }
    return { message: error.message, remedy: error.remediation, code: facts.join(", ") };
  }
  return { message: error instanceof Error ? error.message : String(error), remedy: "", code: "" };
}

/** Whether the error only says that the user ended the connection. */
export function isFarewell(error: unknown): boolean {
  return error instanceof MqttError && (error.code === "closed" || error.code === "aborted");
}
