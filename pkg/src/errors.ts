/**
 * Every error that the package can report: a stable code, what happened, and what to do about it.
 *
 * Which error it is the engine says, by a number; codes and words are here, where text costs less.
 */

import type { UserProperties } from "./types.js";

/** What happened and what to do. Order: as a client lives; the engine knows it. */
const TEXTS = {
  wasm: [
    "The WebAssembly module could not be loaded.",
    "Serve webmqtt_bg.wasm next to the script, and allow 'wasm-unsafe-eval' in script-src of the Content-Security-Policy.",
  ],
  "url-invalid": [
    "The URL cannot be used for a WebSocket.",
    "Use one like wss://broker.example:8084/mqtt, without a fragment.",
  ],
  "url-insecure": [
    "Browsers block ws: to another host from pages loaded over https:.",
    "Use wss: and the broker's TLS port, or load the page over http: while developing.",
  ],
  "url-plain": [
    "What goes over ws: can be read and changed on its way.",
    "Use wss: and the broker's TLS port.",
  ],
  "option-invalid": ["An option cannot be used.", "See the documentation of the option."],
  "properties-version": [
    "MQTT 3.1.1 has no properties, and so no requests.",
    "Use version 5, or leave them out.",
  ],
  "reason-not-allowed": [
    "A client may not send this reason code here.",
    "Use 0, 4 or an error code; MQTT 3.1.1 has none.",
  ],
  "session-expiry-zero": [
    "The session ends with its connection and cannot be kept.",
    "Give connect() a sessionExpiry above 0.",
  ],
  "password-without-username": [
    "MQTT 3.1.1 has no password without a username.",
    "Give a username, or use version 5.",
  ],
  "topic-empty": ["The topic is empty.", "Use at least one character."],
  "topic-too-long": ["The topic is longer than 65,535 bytes of UTF-8.", "Use a shorter one."],
  "topic-nul": ["The topic contains U+0000.", "Remove it: MQTT does not allow it."],
  "topic-wildcard": [
    "The topic contains a wildcard.",
    "+ and # are for subscriptions; publish to one topic.",
  ],
  "filter-hash": [
    "# is not alone in the last level of the filter.",
    "Use it like this: home/# or #.",
  ],
  "filter-plus": [
    "+ is not alone in a level of the filter.",
    "Use it like this: home/+/temperature.",
  ],
  "filter-share": [
    "The shared subscription has no name, a wildcard in it, or no filter.",
    "Use it like this: $share/workers/jobs/#.",
  ],
  "topic-surrogate": [
    "The text contains a lone surrogate, which UTF-8 cannot express.",
    "Check where it was cut; toWellFormed() repairs it.",
  ],
  "payload-invalid": [
    "The payload is neither text nor bytes.",
    "Use a string, an ArrayBuffer or a typed array; JSON.stringify() for objects, and await read() of webmqtt/payload for blobs and streams.",
  ],
  "packet-too-large": [
    "The message is larger than the broker accepts.",
    "Send less at once, or raise the broker's limit; client.connection.maximumPacketSize has it.",
  ],
  "queue-full": [
    "The queue of messages to be sent is full.",
    "Wait for earlier publishes to settle, or raise queue.messages and queue.bytes; queue.policy can drop others.",
  ],
  dropped: [
    "The message gave way in the full queue, or to a newer one with its topic.",
    "Nothing to do: queue.policy asks for it; with reject, publish() fails instead.",
  ],
  expired: [
    "The message expired before it could be sent.",
    "Publish with a longer messageExpiry, or without; messages wait for a connection.",
  ],
  "no-packet-id": [
    "All 65,535 packet identifiers are in use.",
    "Wait for earlier publishes to settle.",
  ],
  "qos-not-supported": [
    "The broker does not support this QoS.",
    "Publish with at most client.connection.maximumQoS, or set lowerQos.",
  ],
  "retain-not-supported": [
    "The broker does not support retained messages.",
    "Publish without retain.",
  ],
  "wildcard-not-supported": [
    "The broker does not support wildcard subscriptions.",
    "Subscribe without + and #.",
  ],
  "shared-not-supported": [
    "The broker does not support shared subscriptions.",
    "Subscribe without $share.",
  ],
  credentials: [
    "There was nothing to connect with: what was asked failed, or did not answer in time.",
    "See the cause; functions for the URL, username and password, and auth, have connectTimeout to answer.",
  ],
  authentication: [
    "The authentication failed.",
    "See the cause; if the broker could not prove who it is, check the URL and the password.",
  ],
  reauthentication: [
    "There is nothing to authenticate again.",
    "It needs auth, a connection, and no other authentication under way.",
  ],
  "identifier-not-supported": [
    "The broker does not support subscription identifiers.",
    "Subscribe without subscriptionIdentifier.",
  ],
  "redirect-refused": [
    "The broker named a server that cannot be used.",
    "It has to be a host, with or without a port, or a URL, and wss: after wss:; serverReference of the state event before has it.",
  ],
  unreachable: [
    "The WebSocket could not be opened. Browsers do not tell scripts why.",
    "Check that the broker runs, the host, port and path of its WebSocket listener (Mosquitto 9001 /, EMQX 8083 /mqtt, RabbitMQ 15675 /ws, HiveMQ 8000 /mqtt) and its subprotocol (mqtt), that its TLS certificate is trusted, that https: pages use wss:, and connect-src of the Content-Security-Policy.",
  ],
  subprotocol: [
    "The server did not agree to the WebSocket subprotocol.",
    "Check that the URL is an MQTT endpoint; the option subprotocol changes what is offered.",
  ],
  "connect-timeout": [
    "The server did not answer in time.",
    "Check that the URL is an MQTT endpoint; raise connectTimeout for slow networks.",
  ],
  "connect-refused": ["The broker refused the connection.", "The reason code says why."],
  "connection-lost": [
    "The connection was closed.",
    "Nothing to do if it comes back. If it closed before the broker answered: some do so for a wrong password or version; try version 4.",
  ],
  "keepalive-timeout": [
    "The broker stopped answering.",
    "Nothing to do: a new connection is made.",
  ],
  suspended: [
    "The page went into the back/forward cache.",
    "Nothing to do: a new connection is made when it comes back.",
  ],
  "server-disconnect": ["The broker ended the connection.", "The reason code says why."],
  "session-taken-over": [
    "Another client with the same client id has connected.",
    "Give every tab and device its own clientId, then call connect() again.",
  ],
  "protocol-error": [
    "The server broke the MQTT specification.",
    "Check that the URL is an MQTT endpoint and the version is right; report it to the broker's makers.",
  ],
  "text-frame": [
    "The server sent a WebSocket text message, which MQTT does not use.",
    "Check that the URL is an MQTT endpoint.",
  ],
  "subscribe-refused": [
    "The broker refused the subscription.",
    "Check the access rights for this filter.",
  ],
  "unsubscribe-refused": ["The broker refused to unsubscribe.", "The reason code says why."],
  "request-timeout": [
    "No response to the request came in time.",
    "Check that somebody answers on this topic, and to the response topic; raise timeout.",
  ],
  "no-response-topic": [
    "The message has no response topic: its sender expects no response.",
    "Check message.properties.responseTopic before client.respond().",
  ],
  "publish-refused": [
    "The broker refused the message.",
    "Check the access rights for this topic; the reason code says more.",
  ],
  indeterminate: [
    "The broker lost the session while this QoS 2 message was under way: it was delivered once or not at all.",
    "Ask the receiver, or send it again if a second copy does no harm. A longer session (clean: false, sessionExpiry) avoids it.",
  ],
  "unclaimed-dropped": [
    "More messages of the resumed session came than can wait for subscriptions.",
    "Subscribe before you connect: createClient(), client.subscribe(), client.connect().",
  ],
  timeout: [
    "The operation took longer than its timeout.",
    "Try again, or raise timeout; a message may have been delivered.",
  ],
  "client-id-in-use": [
    "Another tab or worker has this client id.",
    'Give every tab its own clientId, or exclusive: "wait".',
  ],
  store: [
    "The session cannot be kept in the browser's storage, or what was there cannot be used.",
    "The client goes on in memory. See the cause: no room (QuotaExceededError), or a browser mode without storage.",
  ],
  aborted: ["The operation was aborted.", "Nothing to do: the application asked for it."],
  closed: ["The client was ended.", "Make a new client."],
} as const satisfies Record<string, readonly [message: string, remediation: string]>;

/**
 * Stable names of everything that can go wrong. The guide has what happened and what to do for each of them.
 *
 * @useDeclaredType
 */
export type MqttErrorCode = keyof typeof TEXTS;

/** What the browser told about the end of a WebSocket. */
export interface CloseDetails {
  /** 1006 when there was no closing handshake. */
  code: number;
  /** The server's words, or empty. */
  reason: string;
  /** Whether there was a closing handshake. */
  wasClean: boolean;
}

/** MQTT 5: what the broker said besides the reason code. */
export interface BrokerWords {
  /** For people: what happened. */
  reasonString?: string | undefined;
  /** What else it said. */
  userProperties?: UserProperties | undefined;
  /** Another server to use. */
  serverReference?: string | undefined;
}

/** More about one error. */
export interface ErrorDetails extends BrokerWords {
  /** MQTT 5 reason code; for MQTT 3.1.1 the one that means the same as the return code. */
  reasonCode?: number | undefined;
  /** The topic filter that it is about. */
  filter?: string | undefined;
  /** How the WebSocket ended, if that is what happened. */
  close?: CloseDetails | undefined;
  /** Where the connection stood: opening the WebSocket, waiting for CONNACK, or connected. */
  phase?: "credentials" | "open" | "connack" | "connected" | undefined;
  /** A fact to put behind the message, such as the topic. */
  detail?: string | undefined;
  /** What was thrown underneath. */
  cause?: unknown;
}

/** MQTT 5 reason codes from 0x80 on, in order. */
export const REASONS: readonly string[] = [
  "unspecified error",
  "malformed packet",
  "protocol error",
  "implementation specific error",
  "unsupported protocol version",
  "client identifier not valid",
  "bad user name or password",
  "not authorized",
  "server unavailable",
  "server busy",
  "banned",
  "server shutting down",
  "bad authentication method",
  "keep alive timeout",
  "session taken over",
  "topic filter invalid",
  "topic name invalid",
  "packet identifier in use",
  "packet identifier not found",
  "receive maximum exceeded",
  "topic alias invalid",
  "packet too large",
  "message rate too high",
  "quota exceeded",
  "administrative action",
  "payload format invalid",
  "retain not supported",
  "QoS not supported",
  "use another server",
  "server moved",
  "shared subscriptions not supported",
  "connection rate exceeded",
  "maximum connect time",
  "subscription identifiers not supported",
  "wildcard subscriptions not supported",
];

/** What to do about a refusal, where the reason code allows to be more definite. */
const REASON_REMEDIES: ReadonlyMap<number | undefined, string> = new Map([
  [0x84, "Set version: 4 (MQTT 3.1.1)."],
  [0x85, "Use another clientId; with an empty one, clean must be true."],
  [0x86, "Check username and password, then call connect() again."],
  [0x87, "Check username, password and the broker's access rules."],
  [0x8c, "The broker does not know this authentication method."],
  [0x95, "Send smaller messages."],
  [0x9b, "Publish with a lower QoS, or set lowerQos."],
  [0x9c, "Connect to serverReference, or set redirects."],
  [0x9d, "Connect to serverReference from now on, or set redirects."],
]);

/** An error of this package. `code` is stable; `message` and `remediation` are for people. */
export class MqttError extends Error {
  /** Always `MqttError`, for those who cannot use `instanceof`. */
  override readonly name = "MqttError";
  /** What happened; it stays the same from version to version. */
  readonly code: MqttErrorCode;
  /** What to do about it. */
  readonly remediation: string;
  /** MQTT 5 reason code; for MQTT 3.1.1 the one that means the same as the return code. */
  readonly reasonCode: number | undefined;
  /** MQTT 5: what the broker says, for people. */
  readonly reasonString: string | undefined;
  /** MQTT 5: what else it says. Empty if there are none. */
  readonly userProperties: UserProperties;
  /** MQTT 5: another server to use. */
  readonly serverReference: string | undefined;
  /** The topic filter that it is about. */
  readonly filter: string | undefined;
  /** How the WebSocket ended, if that is what happened. */
  readonly close: CloseDetails | undefined;
  /** Where the connection stood: opening the WebSocket, waiting for CONNACK, or connected. */
  readonly phase: ErrorDetails["phase"];

  /** @internal */
  constructor(code: MqttErrorCode, details: ErrorDetails = {}) {
    const [message, remediation] = TEXTS[code] ?? TEXTS["option-invalid"];
    const { reasonCode, reasonString, close, detail, filter } = details;
    const facts = [
      detail,
      filter && excerpt(filter),
      reasonCode && (REASONS[reasonCode - 0x80] ?? `reason code ${reasonCode}`),
      reasonString && `the broker says: ${reasonString}`,
      close && `WebSocket close code ${close.code}${close.reason && ` ${close.reason}`}`,
    ].filter(Boolean);
    super(
      facts.length ? `${message.slice(0, -1)}: ${facts.join("; ")}.` : message,
      "cause" in details ? { cause: details.cause } : undefined,
    );
    this.code = code;
    this.remediation = REASON_REMEDIES.get(reasonCode) ?? remediation;
    this.reasonCode = reasonCode;
    this.reasonString = reasonString;
    this.userProperties = details.userProperties ?? [];
    this.serverReference = details.serverReference;
    this.filter = filter;
    this.close = close;
    this.phase = details.phase;
  }
}

/** So much of a text as fits into a sentence. */
export function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** What the codec finds wrong with a packet that would be sent, from the number 64 on. */
const ENCODE_ERRORS: readonly string[] = [
  "packet-too-large",
  "text-too-long",
  "text-nul",
  "binary-too-long",
  "topic-empty",
  "property-not-allowed",
  "property-duplicate",
  "properties-version",
  "no-authentication-method",
  "reason-not-allowed",
  "no-filters",
  "no-reason-codes",
  "version-mismatch",
  "packet-version",
  "packet-direction",
  "password-without-username",
  "client-id-empty",
  "packet-id-missing",
  "packet-id-qos0",
  "dup-qos0",
  "subscribe-options-version",
  "no-local-shared",
  "session-present",
];

/** The code with the engine's number. */
export function codeOf(number: number): MqttErrorCode {
  return (Object.keys(TEXTS)[number] ?? ENCODE_ERRORS[number - 64]) as MqttErrorCode;
}

/** Turns what the engine threw, normally a number below zero, into an error. */
export function engineError(thrown: unknown, detail?: string): MqttError {
  const cause = typeof thrown === "number" ? codeOf(-1 - thrown) : thrown;
  if (typeof cause === "string" && cause in TEXTS) {
    return new MqttError(cause as MqttErrorCode, { detail });
  }
  return cause instanceof MqttError ? cause : new MqttError("option-invalid", { detail, cause });
}
