// The second visit loads nothing that has not changed: files are kept under the build's name.

const KEPT = "cnncalc {{build}}";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  const old = async () => {
    for (const name of await caches.keys()) if (name.startsWith("cnncalc ") && name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(old());
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  const page = request.mode === "navigate";
  const answered = async () => {
    const kept = await caches.open(KEPT);
    const found = await kept.match(request, { ignoreSearch: page });
    if (found && !page) return found;
    try {
      const answer = await fetch(request);
      if (answer.ok) await kept.put(request, answer.clone());
      return answer;
    } catch (error) {
      if (found) return found;
      throw error;
    }
  };
  event.respondWith(answered());
});
