/** What the user was about to publish, kept in this browser. */

import type { QoS } from "webmqtt";
import { toQoS } from "./profile.js";
import { load, save } from "./storage.js";

export interface Draft {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly retain: boolean;
}

const KEY = "webmqtt.draft";

export function loadDraft(): Draft {
  const { topic, payload, qos, retain } = Object(load(KEY)) as Record<string, unknown>;
  return {
    topic: typeof topic === "string" ? topic : "",
    payload: typeof payload === "string" ? payload : "",
    qos: toQoS(qos),
    retain: retain === true,
  };
}

export function saveDraft(draft: Draft): void {
  save(KEY, draft);
}
