/** After a reload, connections whose session is kept go on by themselves, unless their password would have to be typed. */

import { keepsSession } from "./connect-options.js";
import type { OpenConnections } from "./open-connections.js";
import type { Profile } from "./profile.js";
import type { ProfileStore } from "./profile-store.js";

const KEY = "webmqtt.live";

/** Those that this tab had when it was reloaded. */
function remembered(): unknown[] {
  try {
    const ids: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(ids) ? ids : [];
  } catch {
    return [];
  }
}

function goesOn(profile: Profile): boolean {
  const typed =
    (profile.password !== "" || profile.awsSessionToken !== "") && !profile.keepPassword;
  return keepsSession(profile) && !typed;
}

export class Resumption {
  readonly #connections: OpenConnections;
  readonly #store: ProfileStore;
  readonly #ids = remembered();

  constructor(connections: OpenConnections, store: ProfileStore) {
    this.#connections = connections;
    this.#store = store;
  }

  begin(): void {
    for (const id of this.#ids) {
      const profile = typeof id === "string" ? this.#store.find(id) : undefined;
      if (profile && keepsSession(profile)) {
        this.#connections.resume(profile.id);
      }
    }
    this.#connections.happened.listen(() => this.#remember());
  }

  #remember(): void {
    const ids = this.#connections.all
      .filter(({ id, link }) => {
        const profile = this.#store.find(id);
        return link.live && profile !== undefined && goesOn(profile);
      })
      .map(({ id }) => id);
    try {
      sessionStorage.setItem(KEY, JSON.stringify(ids));
    } catch {
      // Without it, a click connects.
    }
  }
}
