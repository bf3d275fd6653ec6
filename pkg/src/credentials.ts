/**
 * What each attempt to connect is made with: values, or functions that are asked before it.
 *
 * When to ask, and what a refusal means, the engine knows.
 */

import { bytesOf, wellFormed } from "./text.js";
import type { Asked, Attempt } from "./types.js";

/** What goes into CONNECT. */
export interface Answer {
  username: string | undefined;
  password: Uint8Array | undefined;
}

export class Credentials {
  username: Asked<string> | undefined;
  password: Asked<string | Uint8Array> | undefined;
  /** What was thrown last instead of an answer. */
  failure: unknown;
  /** Counts the states of the connection: an answer that comes in another one is too late. */
  #round = 0;

  constructor(
    username: Asked<string> | undefined,
    password: Asked<string | Uint8Array> | undefined,
  ) {
    this.username = username;
    this.password = password;
  }

  /** The connection has got into another state. */
  moveOn(): void {
    this.#round += 1;
  }

  /** Asks. One of the two functions is called, unless the attempt has ended until then. */
  async answer(attempt: Attempt, use: (answer: Answer) => void, fail: () => void): Promise<void> {
    const round = this.#round;
    try {
      const [username, password] = await Promise.all([
        ask(this.username, attempt),
        ask(this.password, attempt),
      ]);
      const answer = checked(username, password);
      if (round === this.#round) {
        use(answer);
      }
    } catch (thrown) {
      if (round === this.#round) {
        this.failure = thrown;
        fail();
      }
    }
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
    password: password === undefined ? undefined : bytesOf(password),
  };
}
