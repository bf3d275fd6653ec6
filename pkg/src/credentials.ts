/**
 * What each attempt to connect is made with: values, functions that are asked before it, an authenticator, a URL.
 *
 * When to ask, and what a refusal means, the engine knows.
 */

import { type Server, urlAlone } from "./endpoint.js";
import { optionalBytes, wellFormed } from "./text.js";
import type {
  Asked,
  Attempt,
  AuthenticationExchange,
  Authenticator,
  ConnectChanges,
} from "./types.js";

/** What goes into CONNECT. */
export interface Answer {
  username: string | undefined;
  password: Uint8Array | undefined;
}

export class Credentials {
  username: Asked<string> | undefined;
  password: Asked<string | Uint8Array> | undefined;
  /** The exchange under way, or the last one. */
  exchange: AuthenticationExchange | undefined;
  /** What was thrown last instead of an answer. */
  failure: unknown;
  readonly #authenticator: Authenticator | undefined;
  /** Counts the states of the connection: an answer that comes in another one is too late. */
  #round = 0;

  constructor(
    username: Asked<string> | undefined,
    password: Asked<string | Uint8Array> | undefined,
    authenticator: Authenticator | undefined,
  ) {
    this.username = username;
    this.password = password;
    this.#authenticator = authenticator;
  }

  /** Takes what is given instead of what was there. If these are values, `tell` is called first, and can refuse them. */
  replace({ username, password }: ConnectChanges, tell: (values: Answer) => void): void {
    if (username === undefined && password === undefined) {
      return;
    }
    const next = { username: username ?? this.username, password: password ?? this.password };
    const values = valuesOf(next);
    if (values) {
      tell(values);
    }
    Object.assign(this, next);
  }

  /** The connection has got into another state. */
  moveOn(): void {
    this.#round += 1;
  }

  /** Has the application do its part, then calls one of the two functions, unless the state has changed until then. */
  async run<T>(work: () => Promise<T>, use: (result: T) => void, fail: () => void): Promise<void> {
    const round = this.#round;
    try {
      const result = await work();
      if (round === this.#round) {
        use(result);
      }
    } catch (thrown) {
      if (round === this.#round) {
        this.failure = thrown;
        fail();
      }
    }
  }

  /** What to connect with, and the URL if that is asked for and another than `before`. */
  async prepare(attempt: Attempt, server: Server | undefined, before: string | undefined) {
    const asked = typeof server === "function" ? server : undefined;
    const [username, password, exchange, given] = await Promise.all([
      ask(this.username, attempt),
      ask(this.password, attempt),
      this.begin(attempt),
      ask(asked, attempt),
    ]);
    const url = asked && urlAlone(given as string);
    return {
      ...checked(username, password),
      exchange,
      url: url === before ? undefined : url,
    };
  }

  /** Begins an exchange. If there is nothing else to begin with, it is the one before. */
  async begin(attempt: Attempt): Promise<AuthenticationExchange | undefined> {
    return (await this.#authenticator?.start(attempt)) ?? this.exchange;
  }

  /** Answers the broker, or judges what it ended with. */
  async respond(done: boolean, data: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    if (done) {
      await this.exchange?.finish?.(data);
      return undefined;
    }
    return optionalBytes(await this.exchange?.answer(data));
  }
}

/** Asynchronous, so that what a function throws at once is a rejection, too. */
async function ask<T>(asked: Asked<T> | undefined, attempt: Attempt): Promise<T | undefined> {
  return typeof asked === "function"
    ? (asked as (attempt: Attempt) => T | undefined)(attempt)
    : asked;
}

/** Values as the engine takes them; `undefined` if there is a function to ask. */
export function valuesOf({
  username,
  password,
}: Pick<Credentials, "username" | "password">): Answer | undefined {
  return typeof username === "function" || typeof password === "function"
    ? undefined
    : checked(username, password);
}

function checked(username: string | undefined, password: string | Uint8Array | undefined): Answer {
  return {
    username: username === undefined ? undefined : wellFormed(username, "username"),
    password: optionalBytes(password),
  };
}
