import type { Photo } from '#lib/api-schema.ts';
import { onHello } from '#lib/events.svelte.ts';
import { formatBytes } from '#lib/format.ts';
import { session } from '#lib/session.svelte.ts';
import { Incoming, incoming } from './incoming.svelte.ts';
import { albumOf, intoAlbum, meantFor } from './into-album.ts';
import { type Probe, probe } from './probe.ts';
import { createQueue, type Upload } from './queue.ts';
import { sendUpload } from './send-upload.ts';
import { forgetUpload, type StoredUpload, storeUpload, takeStoredUploads } from './stored-uploads.ts';
import { forgetAllUploads } from './waiting-uploads.ts';

export type Row = Readonly<Upload<Photo>>;

/** Headers are read this many at a time: enough to keep a disk busy, few enough to leave the page its breath. */
const PROBES = 8;
/** Files are kept for a reload only when they are still waiting after this, ms: most are sent by then. */
const STORE_AFTER = 2000;
/** The tray is redrawn at most this often, ms. */
const REDRAW_EVERY = 100;

let rows = $state.raw<readonly Row[]>([]);
let isPaused = $state(false);
let isOpen = $state(false);
/** Files that were chosen and are still being looked at: they are in no queue yet. */
let arriving = $state(0);
let unstored = 0;
let lastKey = 0;
let redraw: ReturnType<typeof setTimeout> | undefined;
const stored = new Set<string>();

const queue = createQueue<Photo>({ send: sendUpload, onChange: changed });

// A server that was away and is back is not told by the browser's own `online`.
onHello((isFirst) => isFirst || queue.retryNetwork());

function changed(upload: Upload<Photo>): void {
  const tile = incoming.byKey(upload.key);
  if (tile) {
    tile.progress = upload.size > 0 ? upload.sent / upload.size : 1;
    tile.failed = upload.state === 'failed';
  }
  if (upload.state === 'refused') incoming.drop(upload.key);
  if (upload.result) {
    if (upload.state === 'duplicate') incoming.drop(upload.key);
    incoming.arrive(upload.key, upload.result);
    intoAlbum(upload.key, upload.result.id);
  }
  if (upload.state === 'done' || upload.state === 'duplicate' || upload.state === 'refused') void letGo(upload.key);
  redraw ??= setTimeout(show, REDRAW_EVERY);
}

function show(): void {
  redraw = undefined;
  rows = [...queue.uploads.values()].map((upload) => ({ ...upload }));
  isPaused = queue.paused;
  if (rows.length > 0 && !queue.busy) void session.refresh();
}

async function letGo(key: string): Promise<void> {
  if (stored.delete(key)) await forgetUpload(key);
  if (stored.size === 0 && !queue.busy) forgetAllUploads();
}

function refusal(file: Blob, found: Probe | null): string | null {
  if (!found) return 'This file could not be read: it was moved or changed. Choose it again.';
  if (found.type === null) return 'No picture Tintype can read. It takes JPEG, PNG, WebP, GIF, AVIF and HEIC.';
  const most = session.status?.max_upload_bytes ?? Number.POSITIVE_INFINITY;
  return file.size > most ? `${formatBytes(file.size)} is too large. The most here is ${formatBytes(most)}.` : null;
}

/** Takes one file in: its tile at its month, then its place in the queue. */
async function take(key: string, file: Blob, name: string, modifiedAt: string): Promise<Incoming | null> {
  const found = await probe(file).catch(() => null);
  const problem = refusal(file, found);
  const tile =
    problem || !found
      ? null
      : new Incoming({
          key,
          name,
          takenAt: found.takenAt ?? modifiedAt,
          ratio: found.ratio ?? 1.5,
          // No browser but Safari shows HEIC: those wait as plates.
          url: found.type === 'image/heic' ? null : URL.createObjectURL(file),
        });
  queue.add({ key, name, size: file.size, file, modifiedAt, problem });
  return tile;
}

async function takeAll(files: readonly Omit<StoredUpload, 'user'>[]): Promise<void> {
  isOpen = true;
  arriving += files.length;
  let next = 0;
  let ready: Incoming[] = [];
  const flush = () => {
    // A small file may be through before its tile was ever shown.
    incoming.add(ready.filter(({ key }) => !queue.uploads.get(key)?.result));
    ready = [];
  };
  const timer = setInterval(flush, 50);
  await Promise.all(
    Array.from({ length: PROBES }, async () => {
      while (next < files.length) {
        const { key, file, name, modifiedAt, album } = files[next++] as Omit<StoredUpload, 'user'>;
        meantFor(key, album);
        const tile = await take(key, file, name, modifiedAt).finally(() => arriving--);
        if (tile) ready.push(tile);
      }
    }),
  );
  clearInterval(timer);
  flush();
  setTimeout(() => void storeWaiting(), STORE_AFTER);
}

async function storeWaiting(): Promise<void> {
  const user = session.user?.id;
  if (!user) return;
  for (const { key, name, modifiedAt, file } of [...queue.uploads.values()]) {
    const isOpenStill = () => ['waiting', 'sending', 'failed'].includes(queue.uploads.get(key)?.state ?? '');
    if (stored.has(key) || !isOpenStill()) continue;
    stored.add(key);
    if (!(await storeUpload({ key, user, name, modifiedAt, file, album: albumOf(key) }))) {
      stored.delete(key);
      unstored++;
    } else if (!isOpenStill()) await letGo(key);
  }
}

/** Uploads of this page: the queue as the tray shows it. */
export const uploads = {
  get rows() {
    return rows;
  },
  get arriving() {
    return arriving;
  },
  get isPaused() {
    return isPaused;
  },
  get isOpen() {
    return isOpen;
  },
  /** True while closing the page would lose files: still to be sent, and too large or too new to be kept by the browser. */
  get wouldLose() {
    return arriving > 0 || [...queue.uploads.values()].some(isLost) || (queue.busy && unstored > 0);
  },

  /** @param album the album they are to be put into as well */
  async add(files: readonly File[], album?: string): Promise<void> {
    await takeAll(
      files.map((file) => ({
        album,
        key: `upload-${Date.now()}-${++lastKey}`,
        file,
        name: file.name,
        modifiedAt: new Date(file.lastModified).toISOString(),
      })),
    );
  },

  /** Goes on with what a closed page left waiting. */
  async restore(user: string): Promise<void> {
    const left = (await takeStoredUploads(user)).filter(({ key }) => !queue.uploads.has(key));
    for (const { key } of left) stored.add(key);
    if (left.length > 0) await takeAll(left);
  },

  retry: (key: string) => queue.retry(key),
  retryAll: () => queue.retryAll(),
  retryNetwork: () => queue.retryNetwork(),
  pause(): void {
    queue.pause();
    isPaused = true;
  },
  resume(): void {
    queue.resume();
    isPaused = false;
  },
  remove(key: string): void {
    queue.remove(key);
    incoming.drop(key);
    void letGo(key);
    show();
    if (rows.length === 0) isOpen = false;
  },

  /** Closes the tray and forgets what is over; what failed is given up. */
  close(): void {
    for (const { key, state } of rows) {
      if (state === 'waiting' || state === 'sending') continue;
      queue.remove(key);
      if (state === 'failed') incoming.drop(key);
      void letGo(key);
    }
    show();
    isOpen = rows.length > 0;
  },
};

function isLost({ key, state, waitsForNetwork }: Upload): boolean {
  return (state === 'waiting' || state === 'sending' || (state === 'failed' && waitsForNetwork)) && !stored.has(key);
}
