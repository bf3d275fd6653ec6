// Keeps the files of one build, so that the page opens without a network. Another build is another worker: it waits until
// the page asks for it, so that no page gets files of two builds.

// Both are filled in by www/build.mjs.
const BUILD = "<!-- build -->";
const FILES = ["<!-- files -->"];

const PREFIX = "webmqtt-";
const NAME = `${PREFIX}${BUILD}`;

addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(NAME);
    // Not what the browser's own cache may still have of another build.
    await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  };
  event.waitUntil(keep());
});

addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
    await Promise.all(old.map((name) => caches.delete(name)));
    await clients.claim();
  };
  event.waitUntil(tidy());
});

addEventListener("message", ({ data }) => {
  if (data === "take over") {
    void skipWaiting();
  }
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const scope = new URL(registration.scope);
  if (request.method !== "GET" || !url.href.startsWith(scope.href)) {
    return;
  }
  const file = `./${url.pathname.slice(scope.pathname.length)}`;
  if (file === "./" || FILES.includes(file)) {
    const kept = async () => {
      const cache = await caches.open(NAME);
      return (await cache.match(file)) ?? fetch(request);
    };
    event.respondWith(kept());
  }
});
