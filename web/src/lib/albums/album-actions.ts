import { api, messageOf } from '#lib/api.ts';
import type { Album, InputOf, PhotoSet } from '#lib/api-schema.ts';
import { confirm } from '#lib/confirm.svelte.ts';
import { formatCount } from '#lib/format.ts';
import { nameOf } from '#lib/session.svelte.ts';
import { saveAs } from '#lib/timeline/photo-actions.ts';
import { toast } from '#lib/toast.svelte.ts';
import { goto } from '$app/navigation';
import type { OpenAlbum } from './open-album.svelte.ts';
import { pinnedAlbums } from './pinned-albums.svelte.ts';
import { anchorFor, moveWithin, type Place, type Run, runsOf } from './reorder.ts';

/** The API takes this many ids at once. */
const BATCH = 1000;
const batches = (ids: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) => ids.slice(i * BATCH, (i + 1) * BATCH));

const say = (error: unknown): void => void toast(messageOf(error), { tone: 'error' });

/** Puts photos into an album: some by id, or everything that matches. @throws ApiError */
export async function putInto(albumId: string, set: PhotoSet): Promise<void> {
  const param = { id: albumId };
  if (set.filter) {
    await api.post('/albums/:id/photos', { param, json: { filter: set.filter, except: set.except ?? [] } });
    return;
  }
  for (const photo_ids of batches(set.ids ?? [])) await api.post('/albums/:id/photos', { param, json: { photo_ids } });
}

/** Takes photos out of an album, which leaves them in the library. @throws ApiError */
async function takeFrom(albumId: string, ids: readonly string[]): Promise<void> {
  for (const photo_ids of batches(ids))
    await api.delete('/albums/:id/photos', { param: { id: albumId }, json: { photo_ids } });
}

/**
 * Puts photos into an album, says so, and offers for ten seconds to take it back: those that lay there before stay.
 *
 * @param onchange called when the album has changed, then and after the undo.
 * @throws ApiError
 */
export async function addToAlbum(
  album: Pick<Album, 'id' | 'name'>,
  set: PhotoSet,
  onchange: () => unknown = () => {},
): Promise<void> {
  const param = { id: album.id };
  const before = new Set((await api.get('/albums/:id/layout', { param })).id);
  await putInto(album.id, set);
  void pinnedAlbums.load();
  void onchange();
  const added = (await api.get('/albums/:id/layout', { param })).id.filter((id) => !before.has(id));
  if (added.length === 0) {
    toast(`Already in ${album.name}`);
    return;
  }
  toast(`${formatCount(added.length, 'photo')} added to ${album.name}`, {
    action: {
      label: 'Undo',
      run: () =>
        takeFrom(album.id, added).then(() => {
          void pinnedAlbums.load();
          void onchange();
        }, say),
    },
  });
}

/** Moves go one after the other: the next one's place is meant after the last. */
let lastMove: Promise<unknown> = Promise.resolve();

function sendRuns(albumId: string, runs: readonly Run[]): Promise<void> {
  const sent = lastMove.then(async () => {
    for (const { ids, before } of runs)
      for (const photo_ids of batches(ids))
        await api.post('/albums/:id/photos/move', { param: { id: albumId }, json: { photo_ids, before } });
  });
  lastMove = sent.catch(() => {});
  return sent;
}

/** Puts photos before another (null: at the end), on the page at once; taken back there if the server refuses. */
export async function movePhotos(open: OpenAlbum, moving: ReadonlySet<string>, before: Place): Promise<void> {
  const { gallery } = open;
  const order = gallery.ids;
  const next = moveWithin(order, moving, before);
  if (next.every((id, at) => id === order[at])) return;
  gallery.reorder(next);
  const ids = order.filter((id) => moving.has(id));
  try {
    await sendRuns(open.id, [{ ids, before: anchorFor(order, moving, before) }]);
  } catch (error) {
    gallery.reorder(order);
    say(error);
    void gallery.load();
    return;
  }
  void open.load();
  toast(`${formatCount(moving.size, 'photo')} moved`, {
    action: {
      label: 'Undo',
      run: async () => {
        gallery.reorder(order);
        await sendRuns(open.id, runsOf(order, moving)).catch(say);
        await open.refresh();
      },
    },
  });
}

/** Takes photos out of the album and offers to put them back where they were. Resolves to whether they went. */
export async function takeOut(open: OpenAlbum, chosen: ReadonlySet<string>): Promise<boolean> {
  const { gallery } = open;
  const order = gallery.ids;
  const ids = order.filter((id) => chosen.has(id));
  const foreign = ids.filter((id) => !open.gallery.isOwn(id));
  if (foreign.length > 0 && !(await isSureOf(open, foreign))) return false;
  gallery.remove(new Set(ids));
  try {
    await takeFrom(open.id, ids);
  } catch (error) {
    say(error);
    void gallery.load();
    return false;
  }
  void open.load();
  const own = ids.filter((id) => !foreign.includes(id));
  const putBack = async () => {
    try {
      await putInto(open.id, { ids: own });
      const stay = order.filter((id) => !foreign.includes(id));
      if (open.isMine) await sendRuns(open.id, runsOf(stay, new Set(own)));
    } catch (error) {
      say(error);
    }
    await open.refresh();
  };
  toast(`${formatCount(ids.length, 'photo')} taken out of the album`, {
    action: own.length > 0 ? { label: 'Undo', run: putBack } : undefined,
  });
  return true;
}

function isSureOf(open: OpenAlbum, foreign: readonly string[]): Promise<boolean> {
  const names = new Set(
    foreign.map((id) => {
      const adder = open.gallery.adder(id);
      return adder ? nameOf(adder) : 'a guest';
    }),
  );
  const one = foreign.length === 1;
  return confirm({
    title: `Take out what others added?`,
    body: `${formatCount(foreign.length, 'photo')} came from ${[...names].join(', ')}. Only they can put ${one ? 'it' : 'them'} back; in their own library ${one ? 'it stays' : 'they stay'}.`,
    confirm: one ? 'Take it out' : 'Take them out',
    cancel: one ? 'Leave it' : 'Leave them',
  });
}

type Change = InputOf<'patch', '/albums/:id'>['json'];
/** Changes name, description, cover or filter. @throws ApiError */
export async function changeAlbum(open: OpenAlbum, json: Change): Promise<void> {
  open.album = await api.patch('/albums/:id', { param: { id: open.id }, json });
  if (open.album.is_pinned) void pinnedAlbums.load();
}

export async function setCover(open: OpenAlbum, photo: string | null): Promise<void> {
  const before = open.album?.cover_photo_id ?? null;
  try {
    await changeAlbum(open, { cover_photo_id: photo });
    toast('The album has a new cover', {
      action: { label: 'Undo', run: () => changeAlbum(open, { cover_photo_id: before }).catch(say) },
    });
  } catch (error) {
    say(error);
  }
}

export async function setPinned(album: Album, isPinned: boolean): Promise<Album> {
  const param = { id: album.id };
  try {
    if (isPinned) await api.put('/albums/:id/pin', { param });
    else await api.delete('/albums/:id/pin', { param });
    await pinnedAlbums.load();
    return { ...album, is_pinned: isPinned };
  } catch (error) {
    say(error);
    return album;
  }
}

/** Hands the browser a zip of the whole album. */
export async function downloadAlbum(id: string): Promise<void> {
  try {
    const { url, filename } = await api.post('/albums/:id/download', { param: { id } });
    saveAs(url, filename);
  } catch (error) {
    say(error);
  }
}

/** Makes a smart album a plain one, with what it finds now. */
export async function freezeAlbum(open: OpenAlbum): Promise<void> {
  const isSure = await confirm({
    title: 'Make it a plain album?',
    body: `It keeps the ${formatCount(open.gallery.total, 'photo')} it finds now and looks for no more. Then you can order them and let others in.`,
    confirm: 'Keep these photos',
    cancel: 'Leave it smart',
  });
  if (!isSure) return;
  try {
    open.album = await api.post('/albums/:id/freeze', { param: { id: open.id } });
    await open.refresh();
    toast('It is a plain album now');
  } catch (error) {
    say(error);
  }
}

export async function deleteAlbum(album: Album): Promise<void> {
  const others = album.member_count > 0 ? ' The people in it no longer see it.' : '';
  const isSure = await confirm({
    title: `Delete “${album.name}”?`,
    body: `The photos stay in your library.${others} The album itself cannot be brought back.`,
    confirm: 'Delete the album',
    cancel: 'Keep it',
    danger: true,
  });
  if (!isSure) return;
  try {
    await api.delete('/albums/:id', { param: { id: album.id } });
    await goto('/albums', { replace: true });
    toast(`“${album.name}” is deleted. Its photos are where they were.`);
    void pinnedAlbums.load();
  } catch (error) {
    say(error);
  }
}

export async function leaveAlbum(album: Album, userId: string): Promise<void> {
  const isSure = await confirm({
    title: `Leave “${album.name}”?`,
    body: 'You no longer see it, and the photos you added leave with you. They stay in your library.',
    confirm: 'Leave the album',
    cancel: 'Stay',
    danger: true,
  });
  if (!isSure) return;
  try {
    await api.delete('/albums/:id/members/:user_id', { param: { id: album.id, user_id: userId } });
    await goto('/albums', { replace: true });
    toast(`You left “${album.name}”`);
    void pinnedAlbums.load();
  } catch (error) {
    say(error);
  }
}
