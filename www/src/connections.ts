/** The list of stored connections, and what can be done with them. */

import { byId, make, setText } from "./dom.js";
import { download, pickText } from "./files.js";
import { t } from "./language.js";
import { closeMenu, wireMenu } from "./menu.js";
import type { OpenConnections } from "./open-connections.js";
import { hostOf, newId, type Profile, titleOf, USUAL } from "./profile.js";
import type { ProfileStore } from "./profile-store.js";
import { fragmentOf, fromFile, isSame, profileOfFragment, toFile } from "./share.js";

/** Milliseconds in which the button to delete has to be pressed again. */
const SURE = 5_000;
const without = () =>
  t("It has no password, client id, user properties and nothing behind a “?” of the URL.");

export class ConnectionsPanel {
  readonly #connections: OpenConnections;
  readonly #store: ProfileStore;
  readonly #list = byId("profiles", HTMLElement);
  readonly #menu = byId("profile-menu", HTMLDetailsElement);
  readonly #remove = byId("profile-delete", HTMLButtonElement);
  readonly #note = byId("profile-note", HTMLElement);
  readonly #shared = byId("profile-link", HTMLInputElement);
  #unsure: ReturnType<typeof setTimeout> | undefined;

  constructor(connections: OpenConnections, store: ProfileStore) {
    this.#connections = connections;
    this.#store = store;
    wireMenu(this.#menu);
    const on = (id: string, act: () => void) =>
      byId(id, HTMLButtonElement).addEventListener("click", act);
    on("profile-new", () => this.#add({ ...USUAL, id: newId() }));
    on("profile-copy", () => {
      const { current } = store;
      this.#add({ ...current, id: newId(), name: t("{name} (copy)", { name: titleOf(current) }) });
    });
    on("profile-share", () => void this.#share());
    on("profile-export", () => this.#export());
    on("profile-import", () => void this.#import());
    on("profile-delete", () => this.#delete());
    this.#list.addEventListener("click", (event) => {
      const id = (event.target as Element).closest<HTMLElement>("[data-profile]")?.dataset.profile;
      if (id !== undefined) {
        store.choose(id);
      }
    });
    store.changed.listen(() => this.#render());
    connections.changed.listen(() => this.#render());
    this.#render();
  }

  /** Takes the connection out of the address, if a link brought one. It is not connected: that is the reader's to decide. */
  takeFromAddress(): boolean {
    const profile = profileOfFragment(location.hash);
    if (!profile) {
      return false;
    }
    history.replaceState(null, "", location.pathname + location.search);
    const known = this.#store.all.find((stored) => isSame(stored, profile));
    if (known) {
      this.#store.choose(known.id);
    } else {
      this.#store.add(profile);
    }
    this.#say(
      t(
        "A link brought “{name}”. Look at the URL before you connect: that server gets your user name and password.",
        { name: titleOf(profile) },
      ),
    );
    return true;
  }

  #add(profile: Profile): void {
    this.#store.add({ ...profile, colour: this.#store.freeColour() });
    closeMenu(this.#menu);
    this.#say("");
    byId("name", HTMLInputElement).focus();
  }

  #render(): void {
    const { current, all } = this.#store;
    const focused = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...all.map((profile) => this.#row(profile, profile === current)));
    if (focused) {
      this.#list.querySelector<HTMLElement>("[aria-current]")?.focus();
    }
    byId("bar", HTMLElement).dataset.colour = current.colour;
    this.#forgetDelete();
  }

  #row(profile: Profile, chosen: boolean): HTMLElement {
    const button = make("button", "profile");
    button.type = "button";
    button.dataset.profile = profile.id;
    button.dataset.colour = profile.colour;
    button.dataset.testid = "profile";
    if (chosen) {
      button.setAttribute("aria-current", "true");
    }
    const words = make("span", "profile-words");
    words.append(make("span", "profile-name", titleOf(profile)));
    const host = hostOf(profile.url);
    if (host !== titleOf(profile)) {
      words.append(make("span", "profile-host code", host));
    }
    button.append(make("span", "swatch"), words);
    if (this.#connections.isLive(profile.id)) {
      button.append(make("span", "flag flag-live", t("in use")));
    }
    const item = make("li");
    item.append(button);
    return item;
  }

  async #share(): Promise<void> {
    const link = `${location.origin}${location.pathname}${fragmentOf(this.#store.current)}`;
    closeMenu(this.#menu);
    this.#say(`${t("This is the link.")} ${without()}`);
    this.#shared.value = link;
    this.#shared.hidden = false;
    this.#shared.select();
    // The browser may ask first, for however long; the link is there to be copied by hand.
    const copied = await navigator.clipboard?.writeText(link).then(
      () => true,
      () => false,
    );
    if (copied && this.#shared.value === link && !this.#shared.hidden) {
      setText(this.#note, `${t("The link is copied.")} ${without()}`);
    }
  }

  #export(): void {
    closeMenu(this.#menu);
    download("webmqtt-connections.json", "application/json", toFile(this.#store.all));
    this.#say(t("Exported, without the passwords."));
  }

  async #import(): Promise<void> {
    closeMenu(this.#menu);
    try {
      const text = await pickText(byId("profile-file", HTMLInputElement));
      const profiles = fromFile(text);
      for (const profile of profiles) {
        this.#store.add(profile);
      }
      const { length } = profiles;
      this.#say(
        length === 1
          ? t("1 connection was added.")
          : t("{count} connections were added.", { count: length }),
      );
    } catch (error) {
      this.#say((error as Error).message);
    }
  }

  #delete(): void {
    if (this.#unsure === undefined) {
      setText(this.#remove, t("Really delete “{name}”?", { name: titleOf(this.#store.current) }));
      this.#unsure = setTimeout(() => this.#forgetDelete(), SURE);
      return;
    }
    const { current } = this.#store;
    this.#store.remove(current.id);
    closeMenu(this.#menu);
    this.#say(t("“{name}” is deleted.", { name: titleOf(current) }));
  }

  #forgetDelete(): void {
    clearTimeout(this.#unsure);
    this.#unsure = undefined;
    setText(this.#remove, t("Delete"));
  }

  #say(text: string): void {
    this.#shared.hidden = true;
    setText(this.#note, text);
  }
}
