import { type Kysely, sql } from 'kysely';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

/**
 * Purges photos that have lain in the trash for `trashDays`, and forgets uploads and downloads past their time.
 * @returns how many photos went, and which unfinished uploads, whose partial files are to go too
 */
export async function sweepExpired(
  deps: { database: Database; trashDays: number },
  signal: AbortSignal,
): Promise<{ photos: number; uploads: string[] }> {
  const before = new Date(Date.now() - deps.trashDays * 86_400_000);
  let photos = 0;
  for (let batch = -1; batch !== 0 && !signal.aborted; photos += batch) {
    // Small transactions: nobody's own work waits for a large one.
    batch = await asSystem(deps.database, async (tx: Tx) => {
      const { numAffectedRows } = await sql`
        delete from photos where id in (select id from photos where deleted_at < ${before} limit 500)`.execute(tx);
      return Number(numAffectedRows ?? 0);
    });
  }
  const uploads = await asSystem(deps.database, async (tx: Tx) => {
    await tx.deleteFrom('downloads').where('expires_at', '<', new Date()).execute();
    return tx.deleteFrom('uploads').where('expires_at', '<', new Date()).returning('id').execute();
  });
  return { photos, uploads: uploads.map(({ id }) => id) };
}
