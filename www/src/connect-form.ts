/** The form of the chosen connection, and its summary while it is in use. */

import type { BrokerTestDialog } from "./broker-test/dialog.js";
import { connectOptions, toVersion, usesScram } from "./connect-options.js";
import { splitCredentials } from "./credentials.js";
import { byId, setText } from "./dom.js";
import { FieldForm } from "./field-form.js";
import type { Inspection } from "./inspection.js";
import { t } from "./language.js";
import type { Link, LinkStatus } from "./link.js";
import type { PacketsPanel } from "./packets.js";
import { applyPreset, PRESETS, presetOf } from "./presets.js";
import { PROFILE_FIELDS, type ProfileValues } from "./profile-fields.js";
import type { ProfileStore } from "./profile-store.js";

const CUSTOM = "custom";

export class ConnectForm {
  readonly #link: Link;
  readonly #store: ProfileStore;
  readonly #form = byId("connect-form", HTMLFormElement);
  readonly #preset = byId("preset", HTMLSelectElement);
  readonly #hint = byId("url-hint", HTMLElement);
  readonly #summary = byId("link-summary", HTMLElement);
  readonly #connect = byId("connect", HTMLButtonElement);
  readonly #disconnect = byId("disconnect", HTMLButtonElement);
  readonly #retry = byId("retry", HTMLButtonElement);
  readonly #test = byId("broker-test", HTMLButtonElement);
  readonly #fields = new FieldForm<ProfileValues>(PROFILE_FIELDS, (group) =>
    byId(`fields-${group}`, HTMLElement),
  );
  /** Id of the connection whose values the form has. */
  #shown = "";
  #status: LinkStatus | undefined;
  #dialog: BrokerTestDialog | undefined;
  #inspection: Inspection | undefined;
  #packets: PacketsPanel | undefined;

  constructor(link: Link, store: ProfileStore) {
    this.#link = link;
    this.#store = store;
    for (const { id, name } of PRESETS) {
      this.#preset.add(new Option(t(name), id));
    }
    this.#preset.add(new Option(t("Another one"), CUSTOM));
    this.#url.setAttribute("aria-describedby", this.#hint.id);
    this.#preset.addEventListener("change", () => this.#choosePreset());
    this.#url.addEventListener("input", () => this.#matchPreset());
    this.#fields.input("version").addEventListener("change", () => this.#matchVersion());
    this.#form.addEventListener("change", () => this.#keep());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.connect();
    });
    this.#disconnect.addEventListener("click", () => void link.disconnect());
    this.#retry.addEventListener("click", () => link.retry());
    byId("packets-open", HTMLButtonElement).addEventListener("click", () => {
      void this.#showPackets();
    });
    this.#test.addEventListener("click", () => void this.#testBroker());
    store.changed.listen(() => this.#show());
    link.status.listen((status) => {
      this.#status = status;
      this.#show();
    });
    this.#show();
  }

  get #url(): HTMLInputElement {
    return this.#fields.input("url") as HTMLInputElement;
  }

  /** Connects with what the form says. */
  async connect(): Promise<void> {
    this.#keep();
    const { current } = this.#store;
    const options = connectOptions(current);
    if (usesScram(current)) {
      const { scramSha256 } = await import("webmqtt/scram");
      const { username, password } = current;
      options.auth = scramSha256({ username, password });
    }
    const { Inspection } = await import("./inspection.js");
    this.#inspection ??= new Inspection();
    options.webSocket = this.#inspection.webSocket;
    await this.#link.connect(current.id, current.url, options);
  }

  async #showPackets(): Promise<void> {
    if (this.#inspection) {
      const { PacketsPanel } = await import("./packets.js");
      this.#packets ??= new PacketsPanel(this.#inspection);
      this.#packets.open();
    }
  }

  /** Whatever it needs is loaded with the first click. */
  async #testBroker(): Promise<void> {
    const info = this.#status?.info;
    if (info) {
      const { BrokerTestDialog } = await import("./broker-test/dialog.js");
      this.#dialog ??= new BrokerTestDialog();
      await this.#dialog.open(this.#link.access, info);
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

  #matchVersion(): void {
    this.#fields.allowVersion5(toVersion(this.#fields.input("version").value) === 5);
  }

  #show(): void {
    const { current } = this.#store;
    // What is being typed is not kept yet, so the form of the same one is left alone.
    if (current.id !== this.#shown) {
      this.#shown = current.id;
      byId("will", HTMLDetailsElement).open = current.willTopic !== "";
      this.#fields.fill({ ...current });
      this.#matchPreset();
      this.#matchVersion();
    }
    this.#showState();
  }

  #showState(): void {
    const { state = "idle", attempt = 0, info } = this.#status ?? {};
    const { live } = this.#link;
    const here = live === this.#shown;
    const used = this.#store.find(live ?? "");
    this.#form.hidden = here;
    this.#summary.hidden = !here;
    this.#disconnect.hidden = live === undefined;
    setText(this.#connect, live === undefined ? t("Connect") : t("Connect to this one instead"));
    const again = state === "connecting" && attempt > 1;
    this.#retry.hidden = !(state === "waiting" || again);
    this.#retry.disabled = again;
    this.#test.disabled = state !== "connected";
    setText(this.#disconnect, state === "connected" ? t("Disconnect") : t("Stop trying"));
    this.#disconnect.disabled = state === "closing";
    if (!used) {
      return;
    }
    setText(byId("link-url", HTMLElement), used.url);
    const names = { 5: "MQTT 5", 4: "MQTT 3.1.1", 3: "MQTT 3.1" };
    const facts = [names[info?.version ?? toVersion(used.version)]];
    if (info) {
      facts.push(info.clientId);
    }
    if (used.username) {
      facts.push(t("as {name}", { name: used.username }));
    }
    setText(byId("link-facts", HTMLElement), facts.join(" · "));
  }
}
