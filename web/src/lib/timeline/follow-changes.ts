import { api } from '#lib/api.ts';
import { followServer } from '#lib/away/follow-server.ts';
import { onChange, onHello } from '#lib/events.svelte.ts';
import { ownOrganizations } from '#lib/organizations/own-organizations.svelte.ts';
import { session } from '#lib/session.svelte.ts';
import { incoming } from '#lib/upload/incoming.svelte.ts';
import { shownGallery } from './galleries.svelte.ts';
import type { Gallery } from './gallery.svelte.ts';

/** So many changed photos are read one by one; of more, their months are. */
const FEW = 8;
/** While an upload of this window is not yet known as a photo, its month is looked at again after so long, in ms, and so often. */
const [AGAIN, TIMES] = [1000, 5];

/**
 * Keeps the timeline and the figures of the account as the server has them. What differs is loaded and nothing else: one's own
 * changes are there already, and cause no more than a look at the counts.
 * @returns what ends it
 */
export function followChanges(): () => void {
  let changed = new Set<string>();
  let isAll = false;
  let isRunning = false;
  let isWanted = false;
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function refresh(): Promise<void> {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      clearTimeout(timer);
      const [ids, everything, gallery] = [changed, isAll, shownGallery()];
      [changed, isAll] = [new Set(), false];
      const isComing = gallery && (await renew(gallery, ids, everything, tries < TIMES));
      tries = isComing ? tries + 1 : 0;
      if (isComing) timer = setTimeout(refresh, AGAIN);
    }
    isRunning = false;
  }

  const stops = [
    onChange('photos', ({ ids, what }) => {
      if (ids === null) isAll = true;
      else if (what === 'removed') shownGallery()?.remove(new Set(ids));
      // What came is told by the counts; where it is here already, nothing is new.
      else if (what === 'changed') for (const id of ids) changed.add(id);
      void refresh();
      if (what !== 'changed') void session.refresh();
    }),
    onChange('account', () => void session.refresh()),
    onChange('organizations', () => void ownOrganizations.load()),
    onHello((isFirst) => {
      isAll ||= !isFirst;
      void refresh();
      if (!isFirst) void session.refresh();
      // Also the first time: what the browser keeps may be old, or nothing.
      if (session.status?.mode !== 'single') void ownOrganizations.load();
    }),
    followServer(),
    () => clearTimeout(timer),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Loads what differs. Resolves to true where an upload of this window may be what differs, so that it is soon known better. */
async function renew(
  gallery: Gallery,
  changed: ReadonlySet<string>,
  isAll: boolean,
  isPatient: boolean,
): Promise<boolean> {
  let isComing = false;
  const isFew = changed.size <= FEW;
  await gallery.load(({ month, id }, count) => {
    if (isAll || (!isFew && id.some((one) => changed.has(one)))) return true;
    const coming = incoming.list.filter(({ takenAt, failed }) => !failed && takenAt.startsWith(month)).length;
    if (!isPatient || count <= id.length || count > id.length + coming) return count !== id.length;
    isComing = true;
    return false;
  });
  if (isAll || !isFew) return isComing;
  for (const id of changed) {
    if (!gallery.find(id)) continue;
    const photo = await api.get('/photos/:id/metadata', { param: { id } }).catch(() => null);
    if (photo && gallery.find(id)) gallery.put(photo);
  }
  return isComing;
}
