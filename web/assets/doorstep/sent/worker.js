// The service worker: the page of the door opens without a network. `self.SHELL` is written before this by
// the server: the release, and the addresses that the page is made of. What people entered is not here: a new
// release takes nothing of it along.
const { release, page, files } = self.SHELL;
const PREFIX = "doorstep-";
const CACHE = PREFIX + release;
const PATIENCE = 4000; // milliseconds: a network that is slower than this counts as none

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && pathname === page) event.respondWith(opened(request));
  else if (files.includes(pathname)) event.respondWith(kept(request));
});

async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all([page, ...files].map(async (address) => {
    const answer = await fetch(address, { cache: "no-cache" });
    if (!answer.ok || answer.redirected) throw new Error(address);
    await cache.put(address, answer);
  }));
  await self.skipWaiting();
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

// The page itself: the newest there is, and the kept one when there is no network, or a poor one.
async function opened(request) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const answer = await fetch(request, { signal: stop.signal });
    if (answer.status < 500) return answer;
  } catch {
    // no network
  } finally {
    clearTimeout(timer);
  }
  return (await caches.match(page)) ?? Response.error();
}

const kept = async (request) => (await caches.match(request)) ?? fetch(request);
