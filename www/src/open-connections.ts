/** The connections of the page: those that are open, and the one that is looked at, open or not. No document here. */

import { Connection } from "./connection.js";
import type { Ask } from "./entrance.js";
import type { LinkStatus } from "./link.js";
import type { ProfileStore } from "./profile-store.js";
import { Signal } from "./signal.js";

export class OpenConnections {
  readonly #store: ProfileStore;
  readonly #ask: Ask;
  readonly #all = new Map<string, Connection>();
  readonly #switched = new Signal<Connection>();
  #shown: Connection;
  /** Another one is looked at, one was closed, or the state of one has changed. */
  readonly changed = new Signal<void>();
  /** What happens to any of them. */
  readonly happened = new Signal<{ connection: Connection; status: LinkStatus }>();

  constructor(store: ProfileStore, ask: Ask) {
    this.#store = store;
    this.#ask = ask;
    this.#shown = this.#of(store.current.id);
    store.changed.listen(() => this.#follow());
  }

  /** The one that is looked at: that of the chosen profile. */
  get shown(): Connection {
    return this.#shown;
  }

  /** In the order in which they were chosen first. */
  get open(): readonly Connection[] {
    return [...this.#all.values()].filter(({ open }) => open);
  }

  /** Those that are open and the one that is looked at. */
  get all(): readonly Connection[] {
    return [...this.#all.values()];
  }

  /** Whether the stored connection with this id is connected, or trying to be. */
  isLive(id: string): boolean {
    return this.#all.get(id)?.link.live ?? false;
  }

  /**
   * Calls `attach` with the one that is looked at, now and whenever it is another one. What `attach` returns is called
   * when that ends.
   */
  follow(attach: (connection: Connection) => readonly (() => void)[]): void {
    let ends = attach(this.#shown);
    this.#switched.listen((connection) => {
      for (const end of ends) {
        end();
      }
      ends = attach(connection);
    });
  }

  /** Connects the one with this id, whether it is looked at or not, as before a reload. */
  resume(id: string): void {
    const profile = this.#store.find(id);
    if (profile) {
      void this.#of(id).connect(profile, true);
    }
  }

  show(id: string): void {
    this.#store.choose(id);
  }

  /** Ends it and forgets what it brought. The one beside it is shown, if there is one. */
  close(connection: Connection): void {
    const { open } = this;
    const at = open.indexOf(connection);
    this.#drop(connection);
    const next = open[at + 1] ?? open[at - 1];
    if (connection === this.#shown) {
      if (next) {
        this.show(next.id);
      } else {
        this.#switch(connection.id);
      }
    }
    this.changed.emit();
  }

  #drop(connection: Connection): void {
    this.#all.delete(connection.id);
    void connection.close();
  }

  #follow(): void {
    for (const connection of this.all) {
      if (!this.#store.find(connection.id)) {
        this.#drop(connection);
      }
    }
    if (this.#store.current.id !== this.#shown.id) {
      this.#switch(this.#store.current.id);
    }
    this.changed.emit();
  }

  #switch(id: string): void {
    const before = this.#shown;
    before.looked();
    this.#shown = this.#of(id);
    this.#switched.emit(this.#shown);
    // What was never connected has nothing that is worth keeping.
    if (!before.open && this.#all.get(before.id) === before && before !== this.#shown) {
      this.#all.delete(before.id);
    }
  }

  #of(id: string): Connection {
    let connection = this.#all.get(id);
    if (!connection) {
      const made = new Connection(id, this.#store, this.#ask);
      made.link.status.listen((status) => {
        this.happened.emit({ connection: made, status });
        this.changed.emit();
      });
      this.#all.set(id, made);
      connection = made;
    }
    return connection;
  }

  /** Call once per second; `now` as of `performance.now()`. */
  tick(now: number): void {
    for (const connection of this.all) {
      connection.tick(now);
    }
    this.#shown.looked();
  }
}
