// @ts-check
/**
 * Keeps the book for when there is no network. Copied to the book's root by the build, which puts the list of files and
 * their digests in place of the two names below. A new build is fetched whole beside the old one, of which what has not
 * changed is taken over, and is used once the last page of the old one is closed: a page never sees files of two builds.
 */

const VERSION = "__VERSION__";
/** @type {Record<string, string>} address below the book's root: digest */
const FILES = "__FILES__";
const scope = /** @type {any} */ (self).registration.scope;
const own = `lrtutorial ${scope} `;
const digestOf = "X-Digest";

self.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(fill()));
self.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(scope)) event.respondWith(answer(request));
});
self.addEventListener("message", (/** @type {any} */ event) => {
  if (event.data === "mend") event.waitUntil(mend());
});

async function fill() {
  const cache = await caches.open(own + VERSION);
  for (const [path, digest] of Object.entries(FILES)) {
    const address = new URL(path, scope).href;
    const kept = await caches.match(address);
    const response = kept?.headers.get(digestOf) === digest ? kept : await marked(address, digest);
    await cache.put(address, response);
  }
}

/** @param {string} address @param {string} digest */
async function marked(address, digest) {
  const response = await fetch(address, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const headers = new Headers(response.headers);
  headers.set(digestOf, digest);
  headers.delete("Content-Encoding"); // the body is the decoded one
  return new Response(await response.blob(), { headers });
}

async function takeOver() {
  for (const name of await caches.keys()) if (name.startsWith(own) && name !== own + VERSION) await caches.delete(name);
  await /** @type {any} */ (self).clients.claim();
}

/** Python did not start: what is kept may be broken, and then every reload would find it so. It is fetched again. */
async function mend() {
  const cache = await caches.open(own + VERSION);
  for (const [path, digest] of Object.entries(FILES)) {
    const address = new URL(path, scope).href;
    const kept = await cache.match(address);
    if (kept && (await digestOfBody(kept)) === digest) continue;
    await cache.delete(address);
    await marked(address, digest).then((whole) => cache.put(address, whole)).catch(() => {}); // no network: later
  }
}

/** @param {Response} response @returns {Promise<string>} as the build writes it; "" for a body that can't be read */
async function digestOfBody(response) {
  try {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
    return Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return "";
  }
}

/** @param {Request} request */
async function answer(request) {
  const address = new URL(request.url);
  address.search = address.hash = "";
  if (address.pathname.endsWith("/")) address.pathname += "index.html";
  const cache = await caches.open(own + VERSION);
  const kept = await cache.match(address.href);
  if (kept) return kept;
  if (request.mode !== "navigate") return fetch(request);
  return fetch(request).catch(() => new Response(notHere(), { headers: { "Content-Type": "text/html; charset=utf-8" }, status: 503 }));
}

/** Search and reference are not kept. */
function notHere() {
  const said = `This page needs a network: only the course itself is kept on this device. <a href="${scope}index.html">To the book</a>`;
  return `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Needs a network</title><p>${said}</p>`;
}
