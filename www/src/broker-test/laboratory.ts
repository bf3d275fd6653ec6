/** Clients of its own for a test of a broker, and a record of everything that has to be removed afterwards. */

import {
  type Client,
  type ConnectOptions,
  createClient,
  type FilterOptions,
  type Message,
  type ProtocolVersion,
  type PublishOptions,
  type PublishResult,
  type QoS,
  type ServerUrl,
} from "webmqtt";
import { t } from "../language.js";

/** Where the broker is, and what a client has to say to be let in. */
export interface Access {
  readonly url: string;
  /** What gives the URL for each attempt. */
  readonly server: ServerUrl;
  readonly options: ConnectOptions;
  /** How many times as long as usual to wait, for a machine with much to do. Default 1. */
  readonly slowness?: number;
}

/** Milliseconds for one answer. */
const PATIENCE = 5_000;
/** Seconds that a broker keeps a session of a test that could not clean up. */
const SESSION = 120;

const decoder = new TextDecoder();

/** Thrown where the broker does something else than it should. */
export class Unexpected extends Error {}

/** Thrown where the broker answers that it does not do something. */
export class Declined extends Error {}

function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0"))
    .join("")
    .slice(0, 10);
}

/** One client, and what came to it. */
export class Probe {
  readonly client: Client;
  readonly version: ProtocolVersion;
  readonly messages: Message[] = [];
  readonly #arrived = new Set<() => void>();
  readonly #signal: AbortSignal;
  readonly #slowness: number;

  constructor(client: Client, version: ProtocolVersion, signal: AbortSignal, slowness: number) {
    this.client = client;
    this.version = version;
    this.#signal = signal;
    this.#slowness = slowness;
  }

  readonly #take = (message: Message): void => {
    this.messages.push(message);
    for (const tell of this.#arrived) {
      tell();
    }
  };

  get texts(): string[] {
    return this.messages.map(({ payload }) => decoder.decode(payload));
  }

  /** The granted QoS. Throws if it is another one than asked for. */
  async subscribe(filter: string, options: FilterOptions): Promise<QoS> {
    const { qos = 0 } = options;
    const subscription = await this.client.subscribe(
      filter,
      { ...options, timeout: PATIENCE * this.#slowness },
      this.#take,
    );
    const granted = subscription.results[0]?.qos ?? qos;
    if (granted !== qos) {
      throw new Declined(
        t("The broker grants QoS {granted} instead of {asked}.", { granted, asked: qos }),
      );
    }
    return granted;
  }

  /** Before the connection: what the session has goes to this handler. */
  expect(filter: string, qos: QoS): void {
    // How it ends is told by what arrives.
    this.client.subscribe(filter, { qos }, this.#take).catch(() => {});
  }

  async publish(topic: string, text: string, options: PublishOptions): Promise<PublishResult> {
    const result = await this.client.publish(topic, text, {
      timeout: PATIENCE * this.#slowness,
      ...options,
    });
    const { qos = 0 } = options;
    if (result.qos !== qos) {
      throw new Declined(
        t("The broker acknowledges QoS {asked} as QoS {given}.", { asked: qos, given: result.qos }),
      );
    }
    return result;
  }

  /** Resolves when `found` is true of what came, or with false after a while. */
  until(found: (messages: readonly Message[]) => boolean, patience = PATIENCE): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const done = (value: boolean) => {
        clearTimeout(timer);
        this.#arrived.delete(look);
        this.#signal.removeEventListener("abort", stop);
        resolve(value);
      };
      const look = () => {
        if (found(this.messages)) {
          done(true);
        }
      };
      const stop = () => {
        done(false);
        reject(this.#signal.reason);
      };
      const timer = setTimeout(() => done(false), patience * this.#slowness);
      this.#arrived.add(look);
      this.#signal.addEventListener("abort", stop);
      if (this.#signal.aborted) {
        stop();
      } else {
        look();
      }
    });
  }

  /** Waits for a message with this text. */
  untilText(text: string, patience?: number): Promise<boolean> {
    return this.until(
      (messages) => messages.some(({ payload }) => decoder.decode(payload) === text),
      patience,
    );
  }
}

export type ProbeOptions = Pick<
  ConnectOptions,
  "clean" | "will" | "sessionExpiry" | "clientId" | "receiveMaximum" | "username" | "password"
> & {
  /** Called before the connection is made. */
  prepare?: (probe: Probe) => void;
};

export class Laboratory {
  /** All topics and client ids of the test begin with it. */
  readonly prefix = `webmqtt-test-${random()}`;
  readonly #access: Access;
  readonly #signal: AbortSignal;
  readonly #clients = new Set<Client>();
  readonly #sessions = new Map<string, ProtocolVersion>();
  readonly #retained = new Map<string, ProtocolVersion>();
  #numbers = 0;

  constructor(access: Access, signal: AbortSignal) {
    this.#access = access;
    this.#signal = signal;
  }

  topic(name: string): string {
    this.#numbers += 1;
    return `${this.prefix}/${name}-${this.#numbers}`;
  }

  /** MQTT 3.1 allows 23 characters. */
  clientId(): string {
    this.#numbers += 1;
    return `wt${this.prefix.slice(-10)}${this.#numbers}`;
  }

  async open(version: ProtocolVersion, wishes: ProbeOptions = {}): Promise<Probe> {
    this.#signal.throwIfAborted();
    const { prepare, clean = true, ...more } = wishes;
    const { username, password, auth, connectTimeout, userProperties, subprotocol } =
      this.#access.options;
    const slowness = this.#access.slowness ?? 1;
    const clientId = wishes.clientId ?? this.clientId();
    const options = {
      connectTimeout: Math.min(connectTimeout ?? 10_000, 10_000) * slowness,
      username,
      password,
      ...(version === 5 ? { auth: wishes.username ? undefined : auth, userProperties } : {}),
      // What was chosen for the page's own version need not fit another one.
      ...(version === 3 ? {} : { subprotocol }),
      ...(version === 5 && !clean ? { sessionExpiry: SESSION } : {}),
      ...more,
      version,
      clean,
      clientId,
      reconnect: false as const,
      signal: this.#signal,
    };
    const present = Object.entries(options).filter(([, value]) => value !== undefined);
    const client = await createClient(this.#access.server, Object.fromEntries(present));
    this.#clients.add(client);
    if (!clean) {
      this.#sessions.set(clientId, version);
    }
    const probe = new Probe(client, version, this.#signal, slowness);
    prepare?.(probe);
    await client.connect();
    return probe;
  }

  /** In good order, or, to see the will, by cutting the connection. */
  async close(probe: Probe, how: { force?: boolean } = {}): Promise<void> {
    this.#clients.delete(probe.client);
    await probe.client.end(how);
  }

  /** Publishes a message that the broker keeps, and that is removed at the end. */
  async retain(probe: Probe, topic: string, text: string, qos: QoS = 1): Promise<void> {
    this.#retained.set(topic, probe.client.connection?.version ?? 5);
    await probe.publish(topic, text, { qos, retain: true });
  }

  /** Ends the clients of a check that is over. */
  async rest(): Promise<void> {
    const open = [...this.#clients];
    this.#clients.clear();
    await Promise.allSettled(open.map((client) => client.end()));
  }

  /** Removes everything that the test has left at the broker. Throws if something cannot be. */
  async cleanUp(): Promise<void> {
    const laboratory = new Laboratory(this.#access, AbortSignal.timeout(20_000));
    await this.rest();
    const versions = new Set(this.#retained.values());
    for (const version of versions) {
      const probe = await laboratory.open(version);
      for (const [topic, its] of this.#retained) {
        if (its === version) {
          await probe.publish(topic, "", { qos: 1, retain: true });
        }
      }
      await laboratory.close(probe);
    }
    for (const [clientId, version] of this.#sessions) {
      // A clean session takes the place of the one that is kept, and ends with its connection.
      await laboratory.close(await laboratory.open(version, { clientId, clean: true }));
    }
  }
}
