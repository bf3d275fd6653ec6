/** The stored connections, and which of them is chosen. Passwords are stored only where that is asked for. */

import { newId, type Profile, restoreProfile, USUAL } from "./profile.js";
import { Signal } from "./signal.js";
import { load, save } from "./storage.js";

const KEY = "webmqtt.connections";

export class ProfileStore {
  /** Another one is chosen, or the list has changed. */
  readonly changed = new Signal<void>();
  #profiles: Profile[] = [];
  #chosen = "";

  constructor() {
    const { chosen } = Object(load(KEY)) as Record<string, unknown>;
    this.#chosen = typeof chosen === "string" ? chosen : "";
    this.#read();
    addEventListener("storage", ({ key }) => {
      // Another tab has changed the list; which one is chosen is each tab's own.
      if (key === KEY) {
        this.#read();
        this.changed.emit();
      }
    });
  }

  #read(): void {
    const before = this.#profiles;
    const { profiles } = Object(load(KEY)) as Record<string, unknown>;
    this.#profiles = [];
    for (const stored of Array.isArray(profiles) ? profiles : []) {
      const { id } = Object(stored) as Record<string, unknown>;
      const profile = restoreProfile(stored);
      if (typeof id === "string" && !this.find(id)) {
        profile.id = id;
      }
      // What is not stored is only known here.
      const known = before.find((old) => old.id === profile.id);
      profile.password ||= known?.password ?? "";
      profile.awsSessionToken ||= known?.awsSessionToken ?? "";
      this.#profiles.push(profile);
    }
    if (this.#profiles.length === 0) {
      this.#profiles.push({ ...USUAL, id: newId() });
    }
  }

  get all(): readonly Profile[] {
    return this.#profiles;
  }

  get current(): Profile {
    return this.find(this.#chosen) ?? (this.#profiles[0] as Profile);
  }

  find(id: string): Profile | undefined {
    return this.#profiles.find((profile) => profile.id === id);
  }

  choose(id: string): void {
    this.#chosen = id;
    this.#keep();
    this.changed.emit();
  }

  /** Adds it to the list and chooses it. */
  add(profile: Profile): void {
    this.#profiles.push(profile);
    this.choose(profile.id);
  }

  /** For each new one the first colour that no other has. */
  freeColour(): string {
    const taken = new Set(this.#profiles.map(({ colour }) => colour));
    return [..."01234567"].find((colour) => !taken.has(colour)) ?? "0";
  }

  update(id: string, changes: Partial<Profile>): void {
    this.#profiles = this.#profiles.map((profile) =>
      profile.id === id ? { ...profile, ...changes, id } : profile,
    );
    this.#keep();
    this.changed.emit();
  }

  /** The list is never empty. */
  remove(id: string): void {
    const at = this.#profiles.findIndex((profile) => profile.id === id);
    this.#profiles = this.#profiles.filter((profile) => profile.id !== id);
    if (this.#profiles.length === 0) {
      this.#profiles.push({ ...USUAL, id: newId() });
    }
    this.choose((this.#profiles[Math.max(0, at - 1)] ?? this.current).id);
  }

  #keep(): void {
    const profiles = this.#profiles.map((profile) => ({
      ...profile,
      ...(profile.keepPassword ? {} : { password: "", awsSessionToken: "" }),
    }));
    save(KEY, { chosen: this.#chosen, profiles });
  }
}
