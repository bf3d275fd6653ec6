// @ts-check
// The metrics that everybody gets to see: in the README's table under their titles, in the picture under their captions.

/** A plain one is shown as a value, not as a ratio. @type {readonly { id: string, title: string, caption: string, plain?: true }[]} */
export const CHOSEN = [
  {
    id: "publish-0-16",
    title: "publish QoS 0, 16 B, msg/s",
    caption: "Publish QoS 0, 16 B",
  },
  {
    id: "publish-0-1024",
    title: "publish QoS 0, 1 KiB, msg/s",
    caption: "Publish QoS 0, 1 KiB",
  },
  {
    id: "publish-1-16",
    title: "publish QoS 1, 16 B, msg/s",
    caption: "Publish QoS 1, 16 B",
  },
  {
    id: "publish-2-16",
    title: "publish QoS 2, 16 B, msg/s",
    caption: "Publish QoS 2, 16 B",
  },
  {
    id: "receive-1-busy",
    title: "receive, 1 per WebSocket message: main thread, µs each",
    caption: "Receive, one a WebSocket message",
  },
  {
    id: "batch-100-busy",
    title: "receive, 100 per WebSocket message: main thread, µs each",
    caption: "Receive, 100 a WebSocket message",
  },
  {
    id: "handlers-100-busy",
    title: "the same with 100 wildcard handlers",
    caption: "The same, 100 wildcard handlers",
  },
  {
    id: "acknowledgements",
    title: "WebSocket messages for 1,000 PUBACK",
    caption: "WebSocket messages for 1,000 PUBACK",
    plain: true,
  },
  {
    id: "round-trip-1",
    title: "round trip QoS 1, ms",
    caption: "Round trip QoS 1, median",
  },
  {
    id: "cold-start",
    title: "navigation to CONNACK, ms",
    caption: "Navigation to CONNACK",
  },
  {
    id: "size-gzip",
    title: "minimal application, bytes gzip",
    caption: "Minimal application, gzip",
    plain: true,
  },
  {
    id: "memory-growth",
    title: "memory left of 10⁶ messages, KiB",
    caption: "Memory left of 10⁶ messages",
    plain: true,
  },
];
