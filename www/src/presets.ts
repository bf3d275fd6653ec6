/** Where brokers listen for WebSockets when nobody configured them otherwise. Pure. */

export interface Preset {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly hint: string;
}

export const PRESETS: readonly Preset[] = [
  {
    id: "demo",
    name: "Demo broker of this project",
    url: "ws://127.0.0.1:9001/mqtt",
    hint: "Started by cargo xtask demo, with simulated sensors under demo/.",
  },
  {
    id: "emqx",
    name: "EMQX",
    url: "ws://localhost:8083/mqtt",
    hint: "EMQX listens on 8083 (ws) and 8084 (wss), path /mqtt.",
  },
  {
    id: "emqx-tls",
    name: "EMQX with TLS",
    url: "wss://localhost:8084/mqtt",
    hint: "The browser must trust the certificate of the broker.",
  },
  {
    id: "rabbitmq",
    name: "RabbitMQ",
    url: "ws://localhost:15675/ws",
    hint: "Needs the plugin rabbitmq_web_mqtt. Before RabbitMQ 4, choose MQTT 3.1.1.",
  },
  {
    id: "mosquitto",
    name: "Mosquitto",
    url: "ws://localhost:9001/",
    hint: "Needs a listener with protocol websockets in mosquitto.conf.",
  },
  {
    id: "hivemq",
    name: "HiveMQ",
    url: "ws://localhost:8000/mqtt",
    hint: "HiveMQ's WebSocket listener is on 8000 by default.",
  },
];

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]", ""]);

function parse(url: string): URL | undefined {
  try {
    return new URL(url.trim());
  } catch {
    return undefined;
  }
}

/** The preset's URL, with the host of `current` if the user had named one of their own. */
export function applyPreset(preset: Preset, current: string): string {
  const host = parse(current)?.hostname ?? "";
  if (preset.id === "demo" || LOCAL.has(host)) {
    return preset.url;
  }
  const url = new URL(preset.url);
  url.hostname = host;
  return url.href;
}

/** The preset whose scheme, port and path the URL has. */
export function presetOf(url: string): Preset | undefined {
  const wanted = parse(url);
  if (!wanted) {
    return undefined;
  }
  return PRESETS.find((preset) => {
    const known = new URL(preset.url);
    return (
      known.protocol === wanted.protocol &&
      known.port === wanted.port &&
      known.pathname === wanted.pathname &&
      (preset.id !== "demo" || LOCAL.has(wanted.hostname))
    );
  });
}
