import type { Kysely } from 'kysely';
import { readPlace, type StoragePlace } from '#platform/blobs/storage-place.ts';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { type MoveRow, type PublishedTotals, readMove, readPublished, readTotals, type Totals } from './store.ts';

/** Where a library is and, while it moves, how much of it is where. */
export async function readMoveProgress(
  database: Database,
): Promise<Pick<StoragePlace, 'driver' | 'source'> & { totals: Totals[] }> {
  const { driver, source } = await readPlace(database);
  return { driver, source, totals: await asSystem(database, (tx: Kysely<unknown>) => readTotals(tx)) };
}

/** What lies in the public bucket, and in others. */
export const readPublishedTotals = (database: Database, place: string | null): Promise<PublishedTotals> =>
  asSystem(database, (tx: Kysely<unknown>) => readPublished(tx, place));

/** Whether a library moves, and whether some process is at it. */
export const lookAtMove = (database: Database): Promise<MoveRow> =>
  asSystem(database, (tx: Kysely<unknown>) => readMove(tx));
