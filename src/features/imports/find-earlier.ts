import type { Kysely } from 'kysely';
import type { Database } from '#platform/database/database.ts';
import { anonymous, type Principal } from '#platform/database/principal.ts';
import { findImported, findOwnImported } from './store.ts';
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

// PostgreSQL's text has no NUL, and refuses it with a failure.
const isPossible = (id: string): boolean => id.length > 0 && id.length <= longest && !id.includes('\0');
