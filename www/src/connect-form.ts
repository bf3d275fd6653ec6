/** The form of a connection, and its summary while there is one. */

import type { ConnectOptions } from "webmqtt";
import { splitCredentials } from "./credentials.js";
import { byId, setText } from "./dom.js";
import type { Link, LinkStatus } from "./link.js";
import { applyPreset, PRESETS, presetOf } from "./presets.js";
import { loadSettings, type Settings, saveSettings, toQoS, toVersion } from "./settings.js";

const CUSTOM = "custom";

export class ConnectForm {
  readonly #link: Link;
  readonly #form = byId("connect-form", HTMLFormElement);
  readonly #preset = byId("preset", HTMLSelectElement);
  readonly #url = byId("url", HTMLInputElement);
  readonly #hint = byId("url-hint", HTMLElement);
  readonly #version = byId("version", HTMLSelectElement);
  readonly #clientId = byId("client-id", HTMLInputElement);
  readonly #username = byId("username", HTMLInputElement);
  readonly #password = byId("password", HTMLInputElement);
  readonly #keepalive = byId("keepalive", HTMLInputElement);
  readonly #expiry = byId("expiry", HTMLInputElement);
  readonly #clean = byId("clean", HTMLInputElement);
  readonly #willTopic = byId("will-topic", HTMLInputElement);
  readonly #willPayload = byId("will-payload", HTMLInputElement);
  readonly #willQos = byId("will-qos", HTMLSelectElement);
  readonly #willRetain = byId("will-retain", HTMLInputElement);
  readonly #summary = byId("link-summary", HTMLElement);
  readonly #disconnect = byId("disconnect", HTMLButtonElement);
  readonly #retry = byId("retry", HTMLButtonElement);
  #entered: Settings = loadSettings();

  constructor(link: Link) {
    this.#link = link;
    this.#listPresets();
    this.#fill(this.#entered);
    this.#preset.addEventListener("change", () => this.#choosePreset());
    this.#url.addEventListener("input", () => this.#matchPreset());
    this.#version.addEventListener("change", () => this.#matchVersion());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.connect();
    });
    this.#disconnect.addEventListener("click", () => void link.disconnect());
    this.#retry.addEventListener("click", () => link.retry());
    link.status.listen((status) => this.#onStatus(status));
  }

  /** Connects with what the form says, or to `url` instead of the form's. */
  async connect(url?: string): Promise<void> {
    if (url !== undefined) {
      this.#url.value = url;
      this.#matchPreset();
    }
    this.#takeCredentials();
    this.#entered = this.#read();
    saveSettings(this.#entered);
    await this.#link.connect(this.#entered.url, this.#options(this.#entered));
  }

  /** User name and password in the URL go into their own fields: the URL is shown and stored. */
  #takeCredentials(): void {
    const { url, username, password } = splitCredentials(this.#url.value.trim());
    this.#url.value = url;
    if (username !== "") {
      this.#username.value = username;
    }
    if (password !== "") {
      this.#password.value = password;
    }
  }

  #listPresets(): void {
    for (const { id, name } of PRESETS) {
      this.#preset.add(new Option(name, id));
    }
    this.#preset.add(new Option("Another one", CUSTOM));
  }

  #choosePreset(): void {
    const preset = PRESETS.find(({ id }) => id === this.#preset.value);
    if (preset) {
      this.#url.value = applyPreset(preset, this.#url.value);
      setText(this.#hint, preset.hint);
    } else {
      this.#url.focus();
    }
  }

  #matchPreset(): void {
    const preset = presetOf(this.#url.value);
    this.#preset.value = preset?.id ?? CUSTOM;
    setText(this.#hint, preset?.hint ?? "");
  }

  #matchVersion(): void {
    this.#expiry.disabled = toVersion(this.#version.value) !== 5;
  }

  #fill(settings: Settings): void {
    this.#url.value = settings.url;
    this.#clientId.value = settings.clientId;
    this.#version.value = String(settings.version);
    this.#username.value = settings.username;
    this.#keepalive.value = String(settings.keepalive);
    this.#expiry.value = settings.expiry;
    this.#clean.checked = settings.clean;
    this.#willTopic.value = settings.willTopic;
    this.#willPayload.value = settings.willPayload;
    this.#willQos.value = String(settings.willQos);
    this.#willRetain.checked = settings.willRetain;
    byId("will", HTMLDetailsElement).open = settings.willTopic !== "";
    this.#matchPreset();
    this.#matchVersion();
  }

  #read(): Settings {
    return {
      ...loadSettings(),
      url: this.#url.value.trim(),
      clientId: this.#clientId.value,
      version: toVersion(this.#version.value),
      username: this.#username.value,
      keepalive: this.#keepalive.value === "" ? 60 : Number(this.#keepalive.value),
      expiry: this.#expiry.value,
      clean: this.#clean.checked,
      willTopic: this.#willTopic.value,
      willPayload: this.#willPayload.value,
      willQos: toQoS(this.#willQos.value),
      willRetain: this.#willRetain.checked,
    };
  }

  /** An empty field means the package's default. */
  #options(settings: Settings): ConnectOptions {
    const { version, keepalive, clean, clientId, username, expiry, willTopic } = settings;
    const password = this.#password.value;
    return {
      version,
      keepalive,
      clean,
      ...(clientId === "" ? {} : { clientId }),
      ...(username === "" ? {} : { username }),
      ...(password === "" ? {} : { password }),
      ...(expiry === "" || version !== 5 ? {} : { sessionExpiry: Number(expiry) }),
      ...(willTopic === ""
        ? {}
        : {
            will: {
              topic: willTopic,
              payload: settings.willPayload,
              qos: settings.willQos,
              retain: settings.willRetain,
            },
          }),
    };
  }

  #onStatus({ state, attempt, info }: LinkStatus): void {
    const editable = state === "idle" || state === "closed";
    this.#form.hidden = !editable;
    this.#summary.hidden = editable;
    this.#disconnect.hidden = editable;
    const again = state === "connecting" && attempt > 1;
    this.#retry.hidden = !(state === "waiting" || again);
    this.#retry.disabled = again;
    const { url, version, username } = this.#entered;
    setText(byId("link-url", HTMLElement), url);
    const facts = [version === 5 ? "MQTT 5" : "MQTT 3.1.1"];
    if (info) {
      facts.push(info.clientId);
    }
    if (username) {
      facts.push(`as ${username}`);
    }
    setText(byId("link-facts", HTMLElement), facts.join(" · "));
    setText(this.#disconnect, state === "connected" ? "Disconnect" : "Stop trying");
    this.#disconnect.disabled = state === "closing";
  }
}
