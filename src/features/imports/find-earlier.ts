import type { Kysely } from 'kysely';
import { type AccountTables, findUser } from '#features/accounts/index.ts';
import type { Database } from '#platform/database/database.ts';
import { anonymous, type Principal } from '#platform/database/principal.ts';
import { findImported, findOwnImported, listEarlierIds } from './store.ts';
import type { ImportTables } from './tables.ts';

/** The longest id that is looked for: no longer one is ever kept. */
const longest = 1024;

/**
 * Where the person or the organization that an earlier system knew by an id is now, so that addresses that were stored
 * live on. Anybody may ask: what these addresses show is everybody's.
 */
export async function findEarlier(
  deps: { database: Database },
  what: { system: string; kind: 'person' | 'organization'; earlierId: string },
): Promise<string | undefined> {
  if (!isPossible(what.earlierId)) return undefined;
  return deps.database.as(anonymous, (tx: Kysely<ImportTables>) => findImported(tx, what));
}

/** Where a photo or an album of one's own is that an earlier system knew by an id or a file name. */
export async function findOwnEarlier(
  deps: { database: Database },
  owner: { userId: string; principal: Principal },
  what: { system: string; kind: 'photo' | 'album'; earlierId: string },
): Promise<string | undefined> {
  if (!isPossible(what.earlierId)) return undefined;
  return deps.database.as(owner.principal, (tx: Kysely<ImportTables>) => findOwnImported(tx, owner.userId, what));
}

/** As importers write down a name beside an id. */
const asName = 'name:';
/** Nobody's id. */
const nobody = '00000000-0000-7000-8000-000000000000';

/**
 * What somebody is called here who had a name in an earlier system, for whoever signs in by that. As many questions are asked for a
 * name that nobody had.
 */
export async function findNameNow(
  deps: { database: Database },
  what: { system: string; name: string },
): Promise<string | undefined> {
  const earlierId = `${asName}${what.name}`;
  const id = (await findEarlier(deps, { system: what.system, kind: 'person', earlierId })) ?? nobody;
  const user = await deps.database.as({ kind: 'user', id }, (tx: Kysely<AccountTables>) => findUser(tx, id));
  return user?.username;
}

/** The names that somebody had in an earlier system. */
export async function listOwnNames(
  deps: { database: Database },
  owner: { userId: string; principal: Principal },
  system: string,
): Promise<string[]> {
  const ids = await deps.database.as(owner.principal, (tx: Kysely<ImportTables>) =>
    listEarlierIds(tx, owner.userId, { system, kind: 'person', prefix: asName }),
  );
  return ids.map((id) => id.slice(asName.length));
}

// PostgreSQL's text has no NUL, and refuses it with a failure.
const isPossible = (id: string): boolean => id.length > 0 && id.length <= longest && !id.includes('\0');
