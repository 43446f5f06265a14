// Answers for the page that checks letters when the network does not. It has no other page, and keeps nothing by itself.

const KEPT = "puente-letters";
const PATIENCE = 5000;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request, pathname));
  else if (pathname.startsWith("/assets/")) event.respondWith(asset(request));
});

async function page(request, pathname) {
  const kept = await keptPage(pathname);
  if (!kept) return fetch(request);
  const inTime = new Promise((_, reject) => setTimeout(reject, PATIENCE));
  return Promise.race([fetch(request), inTime]).catch(() => kept);
}

async function keptPage(pathname) {
  const kept = await caches.open(KEPT);
  if (pathname !== "/verify") return kept.match(pathname, { ignoreVary: true });
  const pages = (await kept.keys()).map(({ url }) => new URL(url).pathname).filter((path) => path.endsWith("/verify"));
  return pages.length ? Response.redirect(pages.at(-1)) : undefined;
}

/** Its name changes when it does: what is kept is right. */
async function asset(request) {
  return (await caches.match(request, { cacheName: KEPT, ignoreVary: true })) ?? fetch(request);
}
