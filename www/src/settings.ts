/** What the user entered last, kept in this browser. The password never is. */

import type { ProtocolVersion, QoS } from "webmqtt";

export interface SavedSubscription {
  readonly filter: string;
  readonly qos: QoS;
}

export interface Settings {
  url: string;
  clientId: string;
  version: ProtocolVersion;
  username: string;
  keepalive: number;
  /** Empty: the package's default. */
  expiry: string;
  clean: boolean;
  willTopic: string;
  willPayload: string;
  willQos: QoS;
  willRetain: boolean;
  subscriptions: readonly SavedSubscription[];
  publishTopic: string;
  publishPayload: string;
  publishQos: QoS;
  publishRetain: boolean;
}

const KEY = "webmqtt.page";

const DEFAULTS: Settings = {
  url: "ws://127.0.0.1:9001/mqtt",
  clientId: "",
  version: 5,
  username: "",
  keepalive: 60,
  expiry: "",
  clean: true,
  willTopic: "",
  willPayload: "",
  willQos: 0,
  willRetain: false,
  subscriptions: [],
  publishTopic: "",
  publishPayload: "",
  publishQos: 0,
  publishRetain: false,
};

export function toQoS(value: unknown): QoS {
  const number = Number(value);
  return number === 1 || number === 2 ? number : 0;
}

export function toVersion(value: unknown): ProtocolVersion {
  return Number(value) === 4 ? 4 : 5;
}

function toSubscriptions(value: unknown): SavedSubscription[] {
  if (!Array.isArray(value)) {
    return [];
  }
  return value.flatMap((entry: unknown) => {
    const { filter, qos } = Object(entry) as Record<string, unknown>;
    return typeof filter === "string" ? [{ filter, qos: toQoS(qos) }] : [];
  });
}

/** What was stored may come from an older page: anything that does not fit becomes its default. */
function restore(stored: Record<string, unknown>): Settings {
  const settings: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (typeof stored[name] === typeof usual) {
      settings[name] = stored[name];
    }
  }
  return {
    ...(settings as unknown as Settings),
    version: toVersion(stored.version),
    willQos: toQoS(stored.willQos),
    publishQos: toQoS(stored.publishQos),
    subscriptions: toSubscriptions(stored.subscriptions),
  };
}

export function loadSettings(): Settings {
  try {
    return restore(Object(JSON.parse(localStorage.getItem(KEY) ?? "{}")));
  } catch {
    return { ...DEFAULTS };
  }
}

/** Stores these values beside what is there already. */
export function saveSettings(changes: Partial<Settings>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...loadSettings(), ...changes }));
  } catch {
    // Storage may be switched off or full; the page works without.
  }
}
