/**
 * The service worker: shows what the browser has while the server is away, and is out of the way while it answers. Built apart
 * (`worker.config.ts`), after the app whose files it names.
 * @module
 */
import { API_BASE } from '#lib/api.ts';
import { isDenied, isFromGateway, isKept, isPage, ME, SEEN, SHELL, STATUS } from './kept-answers.ts';
import { overlay } from './overlay.ts';
import { readWaiting } from './waiting-store.ts';

/** What this worker was built with: every file of the app, and what its page must be. */
declare const BUILD: { readonly files: readonly string[]; readonly version: string; readonly pageDigest: string };
const build = BUILD;

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  readonly request: Request;
  readonly clientId: string;
  respondWith(answer: Promise<Response>): void;
}
/** As much of it as is used: the types of workers and those of pages do not go together. */
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(): Promise<readonly { postMessage(message: unknown): void }[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
  addEventListener(type: 'message', listener: (event: Lasting & { readonly data: unknown }) => void): void;
}
const worker = globalThis as unknown as Scope;

const PAGE = '/index.html';
const shell = `${SHELL}${build.version}`;
/** So many answers are kept; the one that was not seen for longest goes first. */
const MOST = 500;
/** How many answers may come before it is counted again. */
const BETWEEN_COUNTS = 25;
/** How long the server may take before what is kept is shown, in ms: less while it did not answer the last time. */
const [PATIENCE, AWAY_PATIENCE] = [8000, 1500];
/** The server ends a session that nobody has used for so long, in ms: after that, what is kept is shown to nobody either. */
const LONGEST_SEEN = 30 * 24 * 3_600_000;
/** When an answer was kept, on the copy of the one that says who somebody is. */
const KEPT_AT = 'x-tintype-kept-at';
/** How often is asked whether the server still wants a worker, in ms. */
const LOOK_AGAIN = 600_000;

/** Whose answers are kept; undefined before anybody has looked. */
let owner: Promise<string | null> | undefined;
/** Grows whenever all is forgotten: an answer that was on its way then is not kept. */
let turn = 0;
/** A worker lives for half a minute at a time: it counts at its first answer. */
let sinceCount = BETWEEN_COUNTS;
let isAway = false;
let looked = 0;
/** The server has no worker any more: what this one does until its last window closes is to stay out of the way. */
let isOver = false;

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('message', (event) => {
  const { keep } = (event.data ?? {}) as { keep?: unknown };
  if (Array.isArray(keep)) event.waitUntil(keepAll(keep.filter((one) => typeof one === 'string')));
});
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (isOver || url.origin !== location.origin) return;
  if (request.method !== 'GET') {
    // Whoever signs in or out: what is kept is of somebody else from then on.
    const isLeaving = request.method === 'DELETE' && url.pathname === ME;
    if (isLeaving || url.pathname.startsWith(`${API_BASE}/auth/`)) event.respondWith(passAuth(request));
  } else if (request.mode === 'navigate') {
    if (isPage(url)) event.respondWith(navigate(event));
  } else if (url.pathname === STATUS) event.respondWith(answer(event, url));
  else if (isKept(url)) {
    // Somebody wants to know what the server says now, or nothing.
    if (request.cache !== 'no-store') event.respondWith(answer(event, url));
  } else if (build.files.includes(url.pathname) || url.pathname.startsWith('/_app/immutable/')) {
    event.respondWith(fileOf(request, url));
  }
});

/** All files of one build, or none: a page of one must never meet the files of another. */
async function install(): Promise<void> {
  // Where only the worker itself is another, the one before it lives on the same.
  const isNew = !(await caches.has(shell));
  const cache = await caches.open(shell);
  try {
    const page = await fetch(PAGE, { cache: 'no-store' });
    const digest = await crypto.subtle.digest('SHA-256', await page.clone().arrayBuffer());
    const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (!page.ok || hex !== build.pageDigest) throw new Error('The server has another build by now.');
    await cache.put(PAGE, page);
    // One after the other: what somebody is looking at comes first.
    for (const file of build.files) await cache.add(file);
    // For its first page nobody could keep it.
    await cache.add(STATUS);
  } catch (error) {
    if (isNew) await caches.delete(shell);
    throw error;
  }
  await worker.skipWaiting();
}

/** The build before this one stays: windows that are open with it may still ask for a part of it. */
async function activate(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(SHELL) && name !== shell);
  for (const name of others.slice(0, -1)) await caches.delete(name);
  await worker.clients.claim();
}

async function navigate(event: Fetching): Promise<Response> {
  const fetched = fetch(event.request).then((response) => {
    if (isFromGateway(response)) throw new TypeError('Nobody is behind the gateway.');
    isAway = false;
    if (response.ok) event.waitUntil(lookWhetherWanted());
    return response;
  });
  return inTime(event, fetched, async () => (await caches.open(shell)).match(PAGE));
}

/** Files are named by what is in them: one that is here is the right one, of whichever build. */
async function fileOf(request: Request, { pathname }: URL): Promise<Response> {
  const found = pathname.includes('/immutable/') ? await caches.match(pathname, { ignoreVary: true }) : undefined;
  if (found) return found;
  return fetch(request).catch(async () => (await (await caches.open(shell)).match(pathname)) ?? Response.error());
}

/** The server's answer; what it said before where it does not answer. */
async function answer(event: Fetching, url: URL): Promise<Response> {
  const mine = turn;
  const fetched = fetch(event.request).then(async (response) => {
    if (isFromGateway(response)) throw new TypeError('Nobody is behind the gateway.');
    isAway = false;
    if (response.status === 401) await forget();
    else if (isDenied(response)) event.waitUntil(drop(url, mine));
    else if (response.ok) await take(event, url, response, mine);
    return response;
  });
  return inTime(event, fetched, () => readKept(url));
}

async function take(event: Lasting, url: URL, response: Response, mine: number): Promise<void> {
  if (url.pathname !== ME) return event.waitUntil(keep(url, response.clone(), mine));
  if (await belongsTo(response.clone(), mine)) event.waitUntil(keep(url, response.clone(), turn));
}

/** What is on its way, unless it fails or takes too long and something else is here. */
async function inTime(
  event: Fetching,
  fetched: Promise<Response>,
  findKept: () => Promise<Response | undefined>,
): Promise<Response> {
  let timer: number | undefined;
  let isLate = false;
  const late = new Promise<undefined>((resolve) => {
    timer = self.setTimeout(
      () => {
        isLate = true;
        resolve(undefined);
      },
      isAway ? AWAY_PATIENCE : PATIENCE,
    );
  });
  const prompt = await Promise.race([fetched.catch(() => undefined), late]);
  clearTimeout(timer);
  if (prompt) return prompt;
  // A server that is only slow is waited for: nothing old is shown while there is something new.
  if (isLate && (await answersAtAll())) return fetched.catch(() => Response.error());
  // Nobody waits for it any more: that says nothing of the server.
  if (event.request.signal.aborted) return Response.error();
  // It is kept even if it comes too late for whoever asked.
  event.waitUntil(fetched.catch(() => {}));
  const found = await findKept();
  if (!found) return fetched.catch(() => tell().then(() => Response.error()));
  isAway = true;
  await tell();
  return found;
}

const answersAtAll = (): Promise<boolean> =>
  fetch(`${API_BASE}/health`, { cache: 'no-store', signal: AbortSignal.timeout(AWAY_PATIENCE) }).then(
    ({ ok }) => ok,
    () => false,
  );

/** Tells the windows that the server did not answer: they look for themselves. */
async function tell(): Promise<void> {
  for (const client of await worker.clients.matchAll()) client.postMessage({ away: true });
}

/** Signing in answers with the account: the page does not ask for it once more. */
async function passAuth(request: Request): Promise<Response> {
  const response = await fetch(request);
  if (!response.ok) return response;
  await forget();
  const { user } = ((await response
    .clone()
    .json()
    .catch(() => null)) ?? {}) as { user?: { id: string } };
  if (user && !isOver) {
    owner = Promise.resolve(user.id);
    await (await caches.open(SEEN + user.id)).put(ME, stamped(Response.json(user)));
  }
  return response;
}

function ownerOf(): Promise<string | null> {
  owner ??= caches.keys().then((names) => names.find((name) => name.startsWith(SEEN))?.slice(SEEN.length) ?? null);
  return owner;
}

/**
 * Whoever is signed in has no answers of anybody else beside them.
 * @returns whether it is theirs: one that was on its way while somebody else signed in is not
 */
async function belongsTo(me: Response, mine: number): Promise<boolean> {
  const { id } = (await me.json()) as { id: string };
  if ((await ownerOf()) === id) return true;
  if (mine !== turn) return false;
  await forget();
  owner = Promise.resolve(id);
  return true;
}

function stamped(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set(KEPT_AT, String(Date.now()));
  return new Response(response.body, { headers });
}

async function isStale(cache: Cache): Promise<boolean> {
  const at = (await cache.match(ME))?.headers.get(KEPT_AT);
  return !(Date.now() - Number(at ?? Number.NaN) < LONGEST_SEEN);
}

/** What somebody may see no more, or what is no more, is not shown from a copy either; nor is what stood below it. */
async function drop({ href, pathname, search }: URL, mine: number): Promise<void> {
  const of = await ownerOf();
  if (of === null || mine !== turn) return;
  const cache = await caches.open(SEEN + of);
  await cache.delete(href);
  if (search) return;
  for (const key of await cache.keys()) {
    if (new URL(key.url).pathname.startsWith(`${pathname}/`)) await cache.delete(key);
  }
}

async function forget(): Promise<void> {
  turn += 1;
  owner = Promise.resolve(null);
  for (const name of await caches.keys()) if (name.startsWith(SEEN)) await caches.delete(name);
}

async function keep(url: URL, response: Response, mine: number): Promise<void> {
  if (isOver) return;
  if (url.pathname === STATUS) return (await caches.open(shell)).put(STATUS, response);
  const of = await ownerOf();
  if (isOver || of === null || mine !== turn) return;
  const cache = await caches.open(SEEN + of);
  try {
    // What is put anew stands at the end: the first is what was not seen for longest.
    await cache.put(url.href, url.pathname === ME ? stamped(response) : response);
    sinceCount += 1;
    if (sinceCount >= BETWEEN_COUNTS) await trim(cache, MOST);
  } catch {
    // The browser has no more room.
    await trim(cache, MOST / 2);
  }
}

async function trim(cache: Cache, most: number): Promise<void> {
  sinceCount = 0;
  const keys = await cache.keys();
  for (const key of keys.slice(0, Math.max(0, keys.length - most))) await cache.delete(key);
}

async function readKept(url: URL): Promise<Response | undefined> {
  if (url.pathname === STATUS) return (await caches.open(shell)).match(STATUS);
  const of = await ownerOf();
  if (of === null) return undefined;
  const cache = await caches.open(SEEN + of);
  if (await isStale(cache)) {
    await forget();
    return undefined;
  }
  const found = await cache.match(url.href);
  if (!found) return undefined;
  const waiting = await readWaiting(of);
  return waiting.length > 0 ? Response.json(overlay(await found.json(), waiting)) : found;
}

/** What a page had asked for before there was a worker is asked for once more. */
async function keepAll(addresses: readonly string[]): Promise<void> {
  const urls = [...new Set(addresses)].map((one) => new URL(one, location.origin));
  const kept = urls.filter((url) => url.origin === location.origin && url.pathname !== ME && isKept(url));
  for (const url of [new URL(ME, location.origin), ...kept]) {
    const mine = turn;
    const response = await fetch(url).catch(() => null);
    if (!response?.ok) return;
    if (url.pathname === ME && !(await belongsTo(response.clone(), mine))) return;
    await keep(url, response, url.pathname === ME ? turn : mine);
  }
}

/** A later build may come without a worker: this one then leaves, and everything it keeps with it. */
async function lookWhetherWanted(): Promise<void> {
  if (Date.now() - looked < LOOK_AGAIN) return;
  looked = Date.now();
  const response = await fetch('/service-worker.js', { method: 'HEAD', cache: 'no-store' });
  if (!isDenied(response) || response.status === 403) return;
  isOver = true;
  await worker.registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith('tintype-')) await caches.delete(name);
}
