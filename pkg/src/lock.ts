/**
 * One tab or worker at a time has a client id. Loaded only by clients that ask for it, so it imports nothing.
 */

/** Which client id at which broker. */
export interface Place {
  /** Origin and path of the URL. */
  broker: string;
  /** `undefined`: this tab's own, which is remembered for as long as the tab. */
  clientId: string | undefined;
  /** Wait until whoever has it lets go. */
  wait: boolean;
  signal: AbortSignal | undefined;
}

/** What is ours alone until it is released. */
export interface Claim {
  name: string;
  clientId: string | undefined;
  release(): void;
}

/** A page that goes away lets go a moment after the next one has begun; other tabs do not. */
const PATIENCE = 2_000;

/** Insecure contexts have none. */
export function locks(): LockManager | undefined {
  return (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined;
}

/** Gives what lets go of the lock; `undefined` if somebody else has it, or the signal was aborted. */
function lock(name: string, { wait, signal }: Place): Promise<(() => void) | undefined> {
  const manager = locks();
  if (!manager) {
    return Promise.resolve(() => {});
  }
  const waiting = new AbortController();
  const stop = () => waiting.abort();
  const timer = wait ? undefined : setTimeout(stop, PATIENCE);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) {
    stop();
  }
  const settled = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  };
  return new Promise((resolve, reject) => {
    const hold = () =>
      new Promise<void>((release) => {
        settled();
        resolve(release);
      });
    manager.request(name, { signal: waiting.signal }, hold).catch((error: DOMException) => {
      settled();
      return error.name === "AbortError" ? resolve(undefined) : reject(error);
    });
  });
}

/** An id that no other client has. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `webmqtt-${Array.from(bytes, (byte) => (byte % 36).toString(36)).join("")}`;
}

/** `undefined` if somebody else has it, or the signal was aborted. */
export async function claim(place: Place): Promise<Claim | undefined> {
  const { broker } = place;
  const held = async (clientId: string | undefined, patient: Place = place) => {
    const name = `webmqtt ${broker} ${clientId ?? ""}`;
    const release = await lock(name, patient);
    return release && { name, clientId, release };
  };
  const tab = globalThis.sessionStorage as Storage | undefined;
  if (place.clientId !== undefined || !tab) {
    // In a worker, the database has no id in its name; the session in it has one.
    return held(place.clientId);
  }
  const key = `webmqtt ${broker}`;
  const own = { ...place, wait: false };
  let claimed = await held(tab.getItem(key) ?? randomId(), own);
  if (!claimed && !place.signal?.aborted) {
    // This tab is a copy of another one.
    claimed = await held(randomId(), own);
  }
  if (claimed?.clientId !== undefined) {
    tab.setItem(key, claimed.clientId);
  }
  return claimed;
}
