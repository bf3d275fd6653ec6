// @ts-check
// The few MQTT 3.1.1 packets that the floors and the sources need, as bytes. They are made before a measurement begins.

const encoder = new TextEncoder();

const PUBLISH = 0x30;

/** What the first byte of an acknowledgement is. */
export const ACK = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 };

export const DISCONNECT = Uint8Array.of(0xe0, 0);

/** @param {readonly Uint8Array[]} parts @returns {Uint8Array<ArrayBuffer>} */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {number} value */
function twoBytes(value) {
  return Uint8Array.of(value >> 8, value & 0xff);
}

/** @param {string} value */
function text(value) {
  const bytes = encoder.encode(value);
  return joined([twoBytes(bytes.length), bytes]);
}

/** @param {number} first @param {readonly Uint8Array[]} body */
function packet(first, body) {
  const length = body.reduce((sum, part) => sum + part.length, 0);
  const header = [first];
  for (let rest = length; ; rest >>= 7) {
    header.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return joined([Uint8Array.from(header), ...body]);
}

/** A clean session, keep alive 60 s. @param {string} clientId */
export function connect(clientId) {
  return packet(0x10, [text("MQTT"), Uint8Array.of(4, 2, 0, 60), text(clientId)]);
}

/** @param {number} id @param {readonly string[]} filters @param {number} qos */
export function subscribe(id, filters, qos) {
  return packet(0x82, [twoBytes(id), ...filters.flatMap((it) => [text(it), Uint8Array.of(qos)])]);
}

/** @param {string} topic @param {Uint8Array} payload @param {number} qos @param {number} id of QoS 1 and 2 */
export function publish(topic, payload, qos, id) {
  return packet(PUBLISH | (qos << 1), [text(topic), ...(qos ? [twoBytes(id)] : []), payload]);
}

/** @param {number} kind one of `ACK` @param {number} id */
export function ack(kind, id) {
  return Uint8Array.of(kind, 2, id >> 8, id & 0xff);
}
