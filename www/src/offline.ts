/** The page without a network: its service worker, and what happens when there is a new build. */

import { byId } from "./dom.js";

/** A worker's URL has to be a trusted one where the page's policy asks for it. */
interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): string;
  };
}

function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  // Only this one file; nothing else on the page makes script of text.
  return (
    trustedTypes
      ?.createPolicy("webmqtt-service-worker", { createScriptURL: (text) => text })
      .createScriptURL(url) ?? url
  );
}

/** Call when the page is at rest. Without a service worker it works as well, but not without a network. */
export async function keepForOffline(): Promise<void> {
  const { serviceWorker } = navigator;
  if (!serviceWorker) {
    return;
  }
  try {
    const registration = await serviceWorker.register(trusted("./service-worker.js"));
    const tell = (): void => {
      // The first worker of all takes nothing away.
      if (registration.waiting && serviceWorker.controller) {
        offer(registration.waiting);
      }
    };
    tell();
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", tell);
    });
  } catch {
    // Switched off in this browser.
  }
}

/** Nobody loses messages because of a new build: the page is loaded anew only when asked. */
function offer(worker: ServiceWorker): void {
  const notice = byId("update", HTMLElement);
  notice.hidden = false;
  byId("update-load", HTMLButtonElement).addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), {
      once: true,
    });
    worker.postMessage("take over");
  });
}
