import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import * as store from './made-store.ts';
import type { PhotoTables } from './tables.ts';

type Deps = Pick<PhotoDeps, 'database'>;
type Tx = Kysely<PhotoTables>;

/**
 * What was made for the caller, last made first, with what of and how: a timeline shows it beside its source, by the time that one was
 * taken. Ids that are foreign, absent, in the trash or of another kind find nothing.
 */
export async function listMade(deps: Deps, caller: Caller, query: store.MadeQuery): Promise<store.MadeRow[]> {
  const user = requireAllowed(caller, 'photo.list');
  return deps.database.as(user.principal, (tx: Tx) => store.listMade(tx, user.userId, query));
}

/** How much was made for the caller, by style and month. */
export async function countMade(deps: Deps, caller: Caller, kind: store.MadeQuery['kind']) {
  const user = requireAllowed(caller, 'photo.list');
  return deps.database.as(user.principal, (tx: Tx) => store.countMade(tx, user.userId, kind));
}
