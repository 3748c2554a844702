/* Answers for the server while there is none: the field sheet's page and what it loads. */
const CACHE = "songhua-field-1";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/api/") || url.pathname === "/lab/field/data.json") return;
  event.respondWith(answer(event.request));
});

async function answer(request) {
  try {
    const fresh = await fetch(request);
    // A page that led elsewhere is the log-in: it must not stand in for the sheet.
    if (fresh.ok && !fresh.redirected) {
      const kept = await caches.open(CACHE);
      await kept.put(request, fresh.clone());
    }
    return fresh;
  } catch (fault) {
    const known = await caches.match(request, { cacheName: CACHE, ignoreVary: true });
    if (known) return known;
    throw fault;
  }
}
