/** Whether this page was served by `cargo xtask demo`, and where its broker is. */

import { newId, USUAL } from "./profile.js";
import type { ProfileStore } from "./profile-store.js";

const NAME = "Demo";
const EVERYTHING = {
  filter: "demo/#",
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
  colour: 0,
  muted: false,
} as const;
const LOOPBACK = /^ws:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+\//;

/** The URL of the demo's broker, if there is one. Only this machine: a link must not lead elsewhere. */
export async function demoBroker(): Promise<string | undefined> {
  const asked = new URLSearchParams(location.search).get("demo");
  const url = asked ?? (await served());
  return url && LOOPBACK.test(url) ? url : undefined;
}

async function served(): Promise<string | undefined> {
  try {
    const response = await fetch("./demo.json", { cache: "no-store" });
    const answer: unknown = response.ok ? await response.json() : undefined;
    if (typeof answer === "object" && answer !== null && "url" in answer) {
      return typeof answer.url === "string" ? answer.url : undefined;
    }
  } catch {
    // A page from a file server without demo.json is as good as any.
  }
  return undefined;
}

/** Chooses the connection to the demo's broker. It is made once; later demos may be on another port. */
export function demoProfile(store: ProfileStore, url: string): void {
  const known = store.all.find(({ name }) => name === NAME);
  if (known) {
    store.update(known.id, { url });
    store.choose(known.id);
    return;
  }
  const id = newId();
  const [only] = store.all;
  // On the first visit there is nothing but an empty connection, which nobody needs.
  const superfluous = store.all.length === 1 && only?.name === "" && only.url === USUAL.url;
  store.add({ ...USUAL, id, name: NAME, url, subscriptions: [EVERYTHING] });
  if (superfluous && only) {
    store.remove(only.id);
    store.choose(id);
  }
}
