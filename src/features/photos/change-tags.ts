import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import type { PhotoSelection } from './filter-store.ts';
import { requireSelection } from './require-selection.ts';
import type { PhotoTables } from './tables.ts';
import * as store from './tag-store.ts';

type Deps = Pick<PhotoDeps, 'database'>;
type Tx = Kysely<PhotoTables>;

/**
 * Puts tags on many photos and takes others off. Case makes no difference, and what is there already stays as it is written.
 * @throws AppError `not_found` when an id is not the caller's, `validation_error` when a photo would have over 100 tags;
 *   nothing is changed then
 */
export async function tagPhotos(
  deps: Deps,
  caller: Caller,
  selection: PhotoSelection,
  change: { add?: string[] | undefined; remove?: string[] | undefined },
): Promise<{ count: number }> {
  const user = requireAllowed(caller, 'photo.change_many');
  const count = await deps.database
    .as(user.principal, async (tx: Tx) => {
      await requireSelection(tx, caller, 'photo.change', selection);
      return store.changeTags(tx, user.userId, selection, change);
    })
    .catch(explainTooMany);
  return { count };
}

/** Writes a tag anew wherever it is; photos that have the other one as well keep one. @returns how many photos changed */
export async function renameTag(deps: Deps, caller: Caller, change: { from: string; to: string }) {
  const user = requireAllowed(caller, 'photo.change_many');
  const count = await deps.database.as(user.principal, (tx: Tx) =>
    store.renameTag(tx, user.userId, change.from, change.to),
  );
  return { count };
}

/** Takes a tag off all photos. @returns how many had it */
export async function deleteTag(deps: Deps, caller: Caller, tag: string): Promise<{ count: number }> {
  const user = requireAllowed(caller, 'photo.change_many');
  const count = await deps.database.as(user.principal, (tx: Tx) => store.renameTag(tx, user.userId, tag, null));
  return { count };
}

/** The caller's tags, most used first. */
export async function listTags(deps: Deps, caller: Caller, request: { q?: string | undefined; limit: number }) {
  const user = requireAllowed(caller, 'photo.list');
  const items = await deps.database.as(user.principal, (tx: Tx) => store.listTags(tx, user.userId, request));
  return { items };
}

function explainTooMany(error: unknown): never {
  const { code, constraint } = error as { code?: string; constraint?: string };
  if (code === '23514' && constraint === 'photos_tags_check') {
    throw new AppError('validation_error', 'A photo can have 100 tags at the most. Take some off first.', {
      field: 'add',
    });
  }
  throw error;
}
