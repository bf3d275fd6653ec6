/** The form of the connection that is looked at, and its summary while it is in use. */

import type { BrokerTestDialog } from "./broker-test/dialog.js";
import { toVersion } from "./connect-options.js";
import type { Connection } from "./connection.js";
import { splitCredentials } from "./credentials.js";
import { byId, setText } from "./dom.js";
import { FieldForm } from "./field-form.js";
import { t } from "./language.js";
import type { OpenConnections } from "./open-connections.js";
import type { PacketsPanel } from "./packets.js";
import { applyPreset, PRESETS, presetOf } from "./presets.js";
import type { Profile } from "./profile.js";
import { PROFILE_FIELDS, type ProfileValues } from "./profile-fields.js";
import type { ProfileStore } from "./profile-store.js";

const CUSTOM = "custom";

export class ConnectForm {
  readonly #connections: OpenConnections;
  readonly #store: ProfileStore;
  readonly #form = byId("connect-form", HTMLFormElement);
  readonly #preset = byId("preset", HTMLSelectElement);
  readonly #hint = byId("url-hint", HTMLElement);
  readonly #summary = byId("link-summary", HTMLElement);
  readonly #disconnect = byId("disconnect", HTMLButtonElement);
  readonly #retry = byId("retry", HTMLButtonElement);
  readonly #close = byId("connection-close", HTMLButtonElement);
  readonly #test = byId("broker-test", HTMLButtonElement);
  readonly #fields = new FieldForm<ProfileValues>(PROFILE_FIELDS, (group) =>
    byId(`fields-${group}`, HTMLElement),
  );
  /** Id of the connection whose values the form has. */
  #shown = "";
  #dialog: BrokerTestDialog | undefined;
  #packets: PacketsPanel | undefined;

  constructor(connections: OpenConnections, store: ProfileStore) {
    this.#connections = connections;
    this.#store = store;
    for (const { id, name } of PRESETS) {
      this.#preset.add(new Option(t(name), id));
    }
    this.#preset.add(new Option(t("Another one"), CUSTOM));
    this.#url.setAttribute("aria-describedby", this.#hint.id);
    this.#preset.addEventListener("change", () => this.#choosePreset());
    this.#url.addEventListener("input", () => this.#matchPreset());
    for (const name of ["version", "store", "auth"] as const) {
      this.#fields.input(name).addEventListener("change", () => this.#matchChoices());
    }
    this.#form.addEventListener("change", () => this.#keep());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.connect();
    });
    this.#disconnect.addEventListener("click", () => void connections.shown.link.disconnect());
    this.#retry.addEventListener("click", () => connections.shown.link.retry());
    this.#close.addEventListener("click", () => connections.close(connections.shown));
    byId("packets-open", HTMLButtonElement).addEventListener("click", () => {
      void this.#showPackets();
    });
    this.#test.addEventListener("click", () => void this.#testBroker());
    store.changed.listen(() => this.#show());
    connections.changed.listen(() => this.#show());
    this.#show();
  }

  get #url(): HTMLInputElement {
    return this.#fields.input("url") as HTMLInputElement;
  }

  /** Connects with what the form says. */
  async connect(): Promise<void> {
    this.#keep();
    await this.#connections.shown.connect(this.#store.current);
  }

  async #showPackets(): Promise<void> {
    const { PacketsPanel } = await import("./packets.js");
    this.#packets ??= new PacketsPanel(this.#connections);
    this.#packets.open();
  }

  /** Whatever it needs is loaded with the first click. */
  async #testBroker(): Promise<void> {
    const { link } = this.#connections.shown;
    const { info } = link.now;
    if (info) {
      const { BrokerTestDialog } = await import("./broker-test/dialog.js");
      this.#dialog ??= new BrokerTestDialog();
      await this.#dialog.open(link.access, info);
    }
  }

  #keep(): void {
    this.#takeCredentials();
    const values = this.#fields.read();
    this.#store.update(this.#shown, { ...values, url: values.url.trim() });
  }

  /** User name and password in the URL go into their own fields: the URL is shown and stored. */
  #takeCredentials(): void {
    const { url, username, password } = splitCredentials(this.#url.value.trim());
    this.#fields.fill({
      url,
      ...(username === "" ? {} : { username }),
      ...(password === "" ? {} : { password }),
    });
  }

  #choosePreset(): void {
    const preset = PRESETS.find(({ id }) => id === this.#preset.value);
    if (preset) {
      this.#url.value = applyPreset(preset, this.#url.value);
      setText(this.#hint, t(preset.hint));
    } else {
      this.#url.focus();
    }
  }

  #matchPreset(): void {
    const preset = presetOf(this.#url.value);
    this.#preset.value = preset?.id ?? CUSTOM;
    setText(this.#hint, preset ? t(preset.hint) : "");
  }

  /** What a choice leaves no room for is switched off. */
  #matchChoices(): void {
    const fields = this.#fields;
    fields.allowVersion5(toVersion(fields.input("version").value) === 5);
    const keeps = fields.input("store").value !== "";
    fields.input("clean").disabled = keeps;
    fields.input("fallback").disabled ||= keeps;
    for (const name of ["awsSessionToken", "awsRegion"] as const) {
      fields.input(name).disabled = fields.input("auth").value !== "aws";
    }
  }

  #show(): void {
    const { current } = this.#store;
    // What is being typed is not kept yet, so the form of the same one is left alone.
    if (current.id !== this.#shown) {
      this.#shown = current.id;
      byId("will", HTMLDetailsElement).open = current.willTopic !== "";
      this.#fields.fill({ ...current });
      this.#matchPreset();
      this.#matchChoices();
    } else if (this.#connections.shown.link.live) {
      // Nobody is typing: it may have been asked for.
      this.#fields.fill({ password: current.password });
    }
    this.#showState(current, this.#connections.shown);
  }

  #showState(profile: Profile, { link, open }: Connection): void {
    const { live } = link;
    const { state, attempt, info } = link.now;
    this.#form.hidden = live;
    this.#summary.hidden = !live;
    this.#disconnect.hidden = !live;
    this.#close.hidden = live || !open;
    const again = state === "connecting" && attempt > 1;
    this.#retry.hidden = !(state === "waiting" || again);
    this.#retry.disabled = again;
    this.#test.disabled = state !== "connected";
    setText(this.#disconnect, state === "connected" ? t("Disconnect") : t("Stop trying"));
    this.#disconnect.disabled = state === "closing";
    if (!live) {
      return;
    }
    setText(byId("link-url", HTMLElement), profile.url);
    const names = { 5: "MQTT 5", 4: "MQTT 3.1.1", 3: "MQTT 3.1" };
    const facts = [names[info?.version ?? toVersion(profile.version)]];
    if (info) {
      facts.push(info.clientId);
    }
    if (profile.username) {
      facts.push(t("as {name}", { name: profile.username }));
    }
    setText(byId("link-facts", HTMLElement), facts.join(" · "));
  }
}
