import { api, messageOf } from '#lib/api.ts';
import type { PhotoSet } from '#lib/api-schema.ts';
import { confirm, type Question } from '#lib/confirm.svelte.ts';
import { formatCount, formatNumber } from '#lib/format.ts';
import { session } from '#lib/session.svelte.ts';
import { toast } from '#lib/toast.svelte.ts';
import type { Gallery } from './gallery.svelte.ts';

/** Which photos an action is for: some by id, or everything matching but a few. */
export type Chosen = { ids: ReadonlySet<string> } | { everything: number; except: ReadonlySet<string> };

/** The API takes this many ids at once. */
const BATCH = 1000;

function countOfChosen(chosen: Chosen): number {
  return 'ids' in chosen ? chosen.ids.size : chosen.everything - chosen.except.size;
}

/** The requests an action takes: one for everything matching, else one for each thousand. */
function setsOf(gallery: Gallery, chosen: Chosen): PhotoSet[] {
  if ('ids' in chosen) {
    const ids = [...chosen.ids];
    return Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) => ({
      ids: ids.slice(i * BATCH, (i + 1) * BATCH),
    }));
  }
  return [setOfEverything(gallery, chosen.except)];
}

function setOfEverything(gallery: Gallery, except: ReadonlySet<string>): PhotoSet {
  return { filter: gallery.filter, except: [...except] };
}

/** The photos as one set, for what takes but one. */
export function setOf(gallery: Gallery, chosen: Chosen): PhotoSet {
  return 'ids' in chosen ? { ids: [...chosen.ids] } : setOfEverything(gallery, chosen.except);
}

/** What is done to everything matching, most of it out of sight, is asked first, with its number. */
async function isMeant(chosen: Chosen, what: (photos: string) => Pick<Question, 'title' | 'body' | 'confirm'>) {
  if ('ids' in chosen) return true;
  return confirm({ ...what(formatCount(countOfChosen(chosen), 'photo')), cancel: 'Leave them' });
}

/** Moves photos to the trash at once, and offers for ten seconds to take it back. Resolves to false when it failed. */
export async function moveToTrash(gallery: Gallery, chosen: Chosen, onundo?: () => void): Promise<boolean> {
  const isSure = await isMeant(chosen, (photos) => ({
    title: `Move ${photos} to the trash?`,
    body: 'That is everything here, also what is not on the screen. The trash keeps it for a while.',
    confirm: `Move ${photos}`,
  }));
  if (!isSure) return false;
  const moments: string[] = [];
  let count = 0;
  try {
    for (const json of setsOf(gallery, chosen)) {
      const done = await api.post('/photos/batch/trash', { json });
      moments.push(done.trashed_at);
      count += done.count;
    }
  } catch (error) {
    toast(messageOf(error), { tone: 'error' });
    void gallery.load();
    return false;
  }
  if ('ids' in chosen) gallery.remove(chosen.ids);
  else await gallery.load();
  void session.refresh();
  toast(`${formatCount(count, 'photo')} moved to the trash`, {
    action: {
      label: 'Undo',
      run: async () => {
        try {
          for (const trashed_at of moments) await api.post('/photos/batch/restore', { json: { trashed_at } });
          await gallery.load();
          void session.refresh();
          onundo?.();
        } catch (error) {
          toast(messageOf(error), { tone: 'error' });
        }
      },
    },
  });
  return true;
}

/** Deletes photos for good, past the trash, after asking with their number. Resolves to false when somebody kept them. */
export async function deleteForGood(gallery: Gallery, chosen: Chosen): Promise<boolean> {
  const count = countOfChosen(chosen);
  const sure = await confirm({
    title: `Delete ${formatCount(count, 'photo')} for good?`,
    body: `${count === 1 ? 'It leaves' : 'They leave'} the gallery and the disk. Nobody can bring ${count === 1 ? 'it' : 'them'} back.`,
    confirm: `Delete ${formatNumber(count)} for good`,
    cancel: count === 1 ? 'Keep it' : 'Keep them',
    danger: true,
  });
  if (!sure) return false;
  try {
    for (const json of setsOf(gallery, chosen)) {
      const { trashed_at } = await api.post('/photos/batch/trash', { json });
      const ids = json.ids ?? (await idsTrashedAt(trashed_at));
      for (let i = 0; i < ids.length; i += BATCH)
        await api.post('/photos/batch/purge', { json: { ids: ids.slice(i, i + BATCH) } });
    }
  } catch (error) {
    toast(messageOf(error), { tone: 'error' });
    void gallery.load();
    return false;
  }
  if ('ids' in chosen) gallery.remove(chosen.ids);
  else await gallery.load();
  void session.refresh();
  toast(`${formatCount(count, 'photo')} deleted for good`);
  return true;
}

/** Everything matching is known by name only once it lies in the trash. */
async function idsTrashedAt(moment: string): Promise<string[]> {
  const ids: string[] = [];
  for (let offset = 0; ; offset += 100) {
    const { items } = await api.get('/trash', { query: { limit: '100', offset: String(offset) } });
    const same = items.filter(({ deleted_at }) => deleted_at !== null && Date.parse(deleted_at) === Date.parse(moment));
    ids.push(...same.map(({ id }) => id));
    if (items.length < 100) return ids;
  }
}

/** Hearts, shown at once and taken back if the server refuses. */
export async function setFavorite(gallery: Gallery, chosen: Chosen, isFavorite: boolean): Promise<void> {
  const isSure = await isMeant(chosen, (photos) => ({
    title: isFavorite ? `Make ${photos} favourites?` : `Take ${photos} out of the favourites?`,
    body: 'That is everything here, also what is not on the screen.',
    confirm: isFavorite ? 'Make them favourites' : 'Take them out',
  }));
  if (!isSure) return;
  gallery.favorite('ids' in chosen ? chosen.ids : null, isFavorite);
  try {
    for (const json of setsOf(gallery, chosen))
      await api.post('/photos/batch/favorite', { json: { ...json, is_favorite: isFavorite } });
    if (!('ids' in chosen)) await gallery.load();
  } catch (error) {
    toast(messageOf(error), { tone: 'error' });
    await gallery.load();
  }
}

/**
 * Archives photos, or brings them back among the others, and offers for ten seconds to undo it. Resolves to whether it was done.
 *
 * @param onundo called when it has been taken back.
 */
export async function setArchived(
  gallery: Gallery,
  chosen: Chosen,
  isArchived: boolean,
  onundo?: () => void,
): Promise<boolean> {
  const isSure = await isMeant(chosen, (photos) => ({
    title: isArchived ? `Archive ${photos}?` : `Bring ${photos} back to Photos?`,
    body: isArchived
      ? 'They leave the timeline. The archive, searches and their albums still show them.'
      : 'They stand in the timeline again, each on its date.',
    confirm: isArchived ? `Archive ${photos}` : `Bring ${photos} back`,
  }));
  if (!isSure) return false;
  let count = 0;
  try {
    for (const set of setsOf(gallery, chosen))
      count += (await api.post('/photos/batch/archive', { json: { ...set, is_archived: isArchived } })).count;
  } catch (error) {
    toast(messageOf(error), { tone: 'error' });
    void gallery.load();
    return false;
  }
  if (!('ids' in chosen)) await gallery.load();
  else if (!gallery.hasPlaceFor(isArchived)) gallery.remove(chosen.ids);
  const said = `${formatCount(count, 'photo')} ${isArchived ? 'archived' : 'back in Photos'}`;
  // What everything was can no longer be said once it has changed: it was asked for that reason.
  if (!('ids' in chosen)) toast(said);
  else
    toast(said, {
      action: {
        label: 'Undo',
        run: async () => {
          try {
            for (const set of setsOf(gallery, chosen))
              await api.post('/photos/batch/archive', { json: { ...set, is_archived: !isArchived } });
            await gallery.load();
            onundo?.();
          } catch (error) {
            toast(messageOf(error), { tone: 'error' });
          }
        },
      },
    });
  return true;
}

/** Puts tags on photos and takes others off. @throws ApiError; the dialog that asked says what is wrong. */
export async function tagPhotos(
  gallery: Gallery,
  chosen: Chosen,
  { add, remove }: { add: string[]; remove: string[] },
): Promise<void> {
  let count = 0;
  for (const set of setsOf(gallery, chosen)) {
    const change = { ...(add.length > 0 ? { add } : {}), ...(remove.length > 0 ? { remove } : {}) };
    count += (await api.post('/photos/batch/tag', { json: { ...set, ...change } })).count;
  }
  if (!gallery.isWhole) void gallery.load();
  toast(`${formatCount(count, 'photo')} tagged anew`);
}

/** Hands the browser a zip of the photos. */
export async function downloadZip(gallery: Gallery, chosen: Chosen): Promise<void> {
  const [json] = setsOf(gallery, chosen);
  if (!json) return;
  if ('ids' in chosen && chosen.ids.size > BATCH) {
    toast(`A download holds ${formatNumber(BATCH)} photos. Select fewer, or everything.`, { tone: 'error' });
    return;
  }
  try {
    const { url, filename } = await api.post('/downloads', { json });
    saveAs(url, filename);
  } catch (error) {
    toast(messageOf(error), { tone: 'error' });
  }
}

/** Saves what an address of our own answers as a file. */
export function saveAs(url: string, filename: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = filename;
  link.click();
}
