import type { Kysely } from 'kysely';
import { requireAccess } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoSelection } from './filter-store.ts';
import type { PhotoFilter } from './photo-filter.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

/** Whoever filters by an album must see it. @throws AppError `not_found` */
export async function requireFilter(tx: Tx, caller: Caller, filter: PhotoFilter | undefined): Promise<void> {
  if (filter?.album_id) await requireAccess(tx, caller, 'album.read', [filter.album_id]);
}

/** Holds what a bulk action names against the table: its ids, or the album of its filter. @throws AppError `not_found` */
export async function requireSelection(
  tx: Tx,
  caller: Caller,
  action: 'photo.change' | 'photo.own',
  selection: PhotoSelection,
): Promise<void> {
  if (selection.ids) await requireAccess(tx, caller, action, selection.ids);
  await requireFilter(tx, caller, selection.filter);
}
