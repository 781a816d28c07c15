import { listMade, type MadeRow } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { id as photoId } from '#platform/http/contract.ts';
import type { LegacyDeps } from '../deps.ts';

/** An id has a dash. What else lies below `/images` are the pictures that everybody is shown: `users`, `organizations`. */
export const imagePath = '/images/:id{[0-9A-Za-z]+-[0-9A-Za-z-]+}';

const absent = (): AppError => new AppError('not_found', 'There is no such image.');

/**
 * Images of the caller's gallery by their ids; what is there but was not styled is none.
 * @throws AppError `not_found` unless all of them are there
 */
export async function findImages(deps: LegacyDeps, user: UserCaller, named: readonly string[]): Promise<MadeRow[]> {
  const ids = [...new Set(named.map((id) => id.toLowerCase()))];
  if (!ids.every((id) => photoId.safeParse(id).success)) throw absent();
  const rows = await listMade(deps.photos, user, { kind: 'styled', ids, limit: ids.length, offset: 0 });
  if (rows.length < ids.length) throw absent();
  return rows;
}
