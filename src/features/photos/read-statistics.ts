import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import * as store from './statistics-store.ts';
import type { PhotoTables } from './tables.ts';

/** What the caller's library holds, by month, kind, style, camera, format and place. */
export async function readStatistics(deps: Pick<PhotoDeps, 'database'>, caller: Caller) {
  const user = requireAllowed(caller, 'photo.list');
  return deps.database.as(user.principal, (tx: Kysely<PhotoTables>) => store.readStatistics(tx, user.userId));
}
