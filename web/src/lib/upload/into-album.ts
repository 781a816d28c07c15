import { messageOf } from '#lib/api.ts';
import { toast } from '#lib/toast.svelte.ts';

/** Photos of one drop that arrive within this are put into their album by one request, ms. */
const GATHER = 400;

/** By upload: the album it was dropped on. */
const albums = new Map<string, string>();
const arrived = new Map<string, string[]>();
let isGathering = false;

/** Remembers that an upload is also to go into an album. */
export function meantFor(key: string, album: string | undefined): void {
  if (album) albums.set(key, album);
}

/** The album an upload was dropped on. */
export function albumOf(key: string): string | undefined {
  return albums.get(key);
}

/** Puts a photo into the album its upload was dropped on, if there is one. */
export function intoAlbum(key: string, photo: string): void {
  const album = albums.get(key);
  if (!album) return;
  albums.delete(key);
  arrived.set(album, [...(arrived.get(album) ?? []), photo]);
  if (isGathering) return;
  isGathering = true;
  setTimeout(send, GATHER);
}

async function send(): Promise<void> {
  isGathering = false;
  const all = [...arrived];
  arrived.clear();
  const { putInto } = await import('#lib/albums/album-actions.ts');
  for (const [album, ids] of all) {
    // The photos are safe in the library whatever the album says.
    await putInto(album, { ids }).catch((error) => toast(`Not in the album: ${messageOf(error)}`, { tone: 'error' }));
  }
}
