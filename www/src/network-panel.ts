/** The buttons that cut and throttle the network of the connection that is looked at, and what says that it is so. */

import type { Connection } from "./connection.js";
import { byId, setText } from "./dom.js";
import { t } from "./language.js";
import type { OpenConnections } from "./open-connections.js";
import type { Throttle } from "./pipe.js";

/** Milliseconds and bytes per second where nothing sensible is given. */
const USUAL: Throttle = { delay: 300, rate: 20_000 };

export class NetworkPanel {
  readonly #root = byId("network", HTMLElement);
  readonly #cut = byId("network-cut", HTMLButtonElement);
  readonly #slow = byId("network-slow", HTMLButtonElement);
  readonly #fields = byId("network-fields", HTMLElement);
  readonly #delay = byId("network-delay", HTMLInputElement);
  readonly #rate = byId("network-rate", HTMLInputElement);
  readonly #flag = byId("network-flag", HTMLElement);

  constructor(connections: OpenConnections) {
    this.#cut.addEventListener("click", () => {
      const { shown } = connections;
      shown.cutNetwork(!shown.network.isCut);
    });
    this.#slow.addEventListener("click", () => {
      const { shown } = connections;
      shown.slowNetwork(shown.network.throttle ? undefined : this.#read());
    });
    this.#fields.addEventListener("change", () => connections.shown.slowNetwork(this.#read()));
    connections.follow((connection) => {
      const { throttle } = connection.network;
      this.#delay.value = String((throttle ?? USUAL).delay);
      this.#rate.value = String((throttle ?? USUAL).rate);
      this.#render(connection);
      return [connection.network.changed.listen(() => this.#render(connection))];
    });
    connections.changed.listen(() => this.#render(connections.shown));
  }

  #read(): Throttle {
    const delay = Number.parseFloat(this.#delay.value);
    const rate = Number.parseFloat(this.#rate.value);
    return { delay: delay >= 0 ? delay : USUAL.delay, rate: rate >= 1 ? rate : USUAL.rate };
  }

  #render({ open, network }: Connection): void {
    const { isCut, throttle } = network;
    this.#root.hidden = !open;
    setText(this.#cut, isCut ? t("Mend the network") : t("Cut the network"));
    this.#cut.classList.toggle("bad", isCut);
    setText(this.#slow, throttle ? t("Full speed") : t("Slow it down"));
    this.#fields.hidden = !throttle;
    this.#flag.hidden = !isCut && !throttle;
    this.#flag.dataset.tone = isCut ? "bad" : "warn";
    setText(this.#flag, isCut ? t("Network cut") : t("Slow network"));
  }
}
