/**
 * Keeps the demo when there is no network. The list of its files, and a version that follows from what is in them, are put in
 * when it is built. All but the page have a hash of their content in their names: one that was kept is never asked for again.
 */
const version = 'VERSION';
const files = [/* FILES */];
const NAME = 'vectile-analyst';

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(`${NAME}-${version}`);
    const names = await caches.keys();
    for (const file of files) {
      const address = new URL(file, self.registration.scope).href;
      // What an earlier version has is taken from there, if its name says what is in it.
      const kept = isHashed(file) ? await found(names, address) : undefined;
      if (kept) await cache.put(address, kept);
      else await cache.add(new Request(address, { cache: isHashed(file) ? 'default' : 'reload' }));
    }
    await self.skipWaiting();
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    // Pages of the version before are still open: what only they ask for is kept until the next version.
    const earlier = (await caches.keys()).filter((name) => name.startsWith(`${NAME}-`) && name !== `${NAME}-${version}`);
    for (const name of earlier.splice(0, earlier.length - 1)) await caches.delete(name);
    for (const name of earlier) {
      const cache = await caches.open(name);
      for (const file of files) await cache.delete(new URL(file, self.registration.scope).href);
    }
    await self.clients.claim();
  })());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(answerTo(request));
});

/** A page that an earlier version served asks for files of that version: they were kept, or the network may still have them. */
async function answerTo(request) {
  const cache = await caches.open(`${NAME}-${version}`);
  const address = new URL(request.url);
  address.search = address.hash = '';
  const page = new URL('index.html', self.registration.scope).href;
  const kept = await cache.match(request.mode === 'navigate' && address.href === self.registration.scope ? page : address.href);
  return kept ?? (isHashed(address.href) ? await found(await caches.keys(), address.href) : undefined) ?? fetch(request);
}

const isHashed = (file) => /-[\w-]{8}\.\w+$/.test(file);

async function found(names, address) {
  for (const name of names) {
    const response = name.startsWith(`${NAME}-`) && (await (await caches.open(name)).match(address));
    if (response) return response;
  }
  return undefined;
}
