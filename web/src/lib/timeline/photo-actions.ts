import { api, messageOf } from '#lib/api.ts';
import type { PhotoFilter } from '#lib/api-schema.ts';
import { confirm } from '#lib/confirm.svelte.ts';
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
function setsOf(gallery: Gallery, chosen: Chosen): ({ ids: string[] } | { filter: PhotoFilter; except: string[] })[] {
  if ('ids' in chosen) {
    const ids = [...chosen.ids];
    return Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) => ({
      ids: ids.slice(i * BATCH, (i + 1) * BATCH),
    }));
  }
  const filter: PhotoFilter = {};
  if (gallery.filter.favorite) filter.favorite = true;
  if (gallery.filter.q) filter.q = gallery.filter.q;
  return [{ filter, except: [...chosen.except] }];
}

/** Moves photos to the trash at once, and offers for ten seconds to take it back. Resolves to false when it failed. */
export async function moveToTrash(gallery: Gallery, chosen: Chosen, onundo?: () => void): Promise<boolean> {
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
      const ids = 'ids' in json ? json.ids : await idsTrashedAt(trashed_at);
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
