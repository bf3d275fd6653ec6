// @ts-check
// How each broker behaves, where brokers differ. Every entry was seen on the broker itself; a test
// asserts exactly what its broker does.

/** @typedef {4 | 5} Version */

/**
 * @typedef {object} BrokerFacts
 * @property {string} title
 * @property {Version[]} versions
 * @property {Partial<Record<Version, "exactly-once" | "as-qos-1" | "refused">>} qos2 what becomes of a publish with QoS 2
 * @property {{ username: string, password: string }} [account] that works
 * @property {{ username: string, password: string }} [reader] an account that may read `ro/#` and nothing else
 * @property {{ username: string, password: string }} [elsewhere] an account that shares no topic with the others
 * @property {{ code: string, reasonCode?: number, close?: number }} [wrongPassword] how it answers one
 * @property {Version[]} copyPerSubscription versions in which a client gets a copy of a message for each of its
 *   subscriptions that match, instead of one for all of them
 * @property {boolean} retainedByWildcard retained messages reach a new subscription with a wildcard
 * @property {Version[]} [noPubRelAgain] versions in which a PUBREL that comes again, as after a lost PUBCOMP, gets an answer
 *   that the version does not know, so that every client has to close
 * @property {boolean} [sessionsNeedQos1] keeps a session only for a client that subscribes with QoS 1
 * @property {boolean} keepsQos0 keeps messages of QoS 0 for a client that is offline, which it may
 * @property {boolean} largePayloads carries 1 MiB in a reasonable time
 * @property {boolean} willAfterDisconnect publishes the will in spite of a DISCONNECT
 * @property {boolean} restarts can be killed and started again on the same port
 * @property {boolean} persists keeps sessions and acknowledged messages when it is killed
 */

/** @type {Record<string, BrokerFacts>} */
export const brokers = {
  mosquitto: {
    title: "Mosquitto of Debian 13",
    versions: [5, 4],
    qos2: { 5: "exactly-once", 4: "exactly-once" },
    account: { username: "alice", password: "secret" },
    reader: { username: "bob", password: "hunter2" },
    wrongPassword: { code: "connect-refused", reasonCode: 0x87 },
    copyPerSubscription: [5],
    retainedByWildcard: true,
    keepsQos0: false,
    largePayloads: true,
    willAfterDisconnect: false,
    restarts: true,
    persists: false,
  },
  "mosquitto-deb12": {
    title: "Mosquitto of Debian 12",
    versions: [5, 4],
    qos2: { 5: "exactly-once", 4: "exactly-once" },
    account: { username: "alice", password: "secret" },
    reader: { username: "bob", password: "hunter2" },
    wrongPassword: { code: "connect-refused", reasonCode: 0x87 },
    copyPerSubscription: [5],
    retainedByWildcard: true,
    keepsQos0: false,
    largePayloads: false,
    willAfterDisconnect: false,
    restarts: false,
    persists: false,
  },
  rabbitmq: {
    title: "RabbitMQ 4 of Debian 13",
    versions: [5, 4],
    qos2: { 5: "refused", 4: "as-qos-1" },
    account: { username: "guest", password: "guest" },
    elsewhere: { username: "plant:alice", password: "secret" },
    wrongPassword: { code: "connect-refused", reasonCode: 0x86 },
    copyPerSubscription: [],
    retainedByWildcard: false,
    keepsQos0: true,
    largePayloads: true,
    willAfterDisconnect: false,
    restarts: true,
    persists: true,
  },
  "rabbitmq-deb12": {
    title: "RabbitMQ 3.10 of Debian 12",
    versions: [4],
    qos2: { 4: "as-qos-1" },
    account: { username: "guest", password: "guest" },
    elsewhere: { username: "plant:alice", password: "secret" },
    wrongPassword: { code: "connection-lost", close: 1002 },
    copyPerSubscription: [],
    retainedByWildcard: false,
    keepsQos0: false,
    largePayloads: true,
    willAfterDisconnect: true,
    sessionsNeedQos1: true,
    restarts: false,
    persists: true,
  },
  embedded: {
    title: "the embedded broker",
    versions: [5, 4],
    qos2: { 5: "exactly-once", 4: "exactly-once" },
    noPubRelAgain: [4],
    copyPerSubscription: [5, 4],
    retainedByWildcard: true,
    keepsQos0: false,
    largePayloads: true,
    willAfterDisconnect: false,
    restarts: false,
    persists: false,
  },
};
