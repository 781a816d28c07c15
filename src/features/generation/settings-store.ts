import type { Kysely } from 'kysely';
import type { StoredSettings } from './settings-contract.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

/** What a person changed from what everybody begins with. */
export async function readSettings(tx: Tx, ownerId: string): Promise<StoredSettings> {
  const row = await tx
    .selectFrom('generation_settings')
    .select('settings')
    .where('owner_id', '=', ownerId)
    .executeTakeFirst();
  return row?.settings ?? {};
}

export async function writeSettings(tx: Tx, ownerId: string, settings: StoredSettings): Promise<void> {
  const text = JSON.stringify(settings);
  await tx
    .insertInto('generation_settings')
    .values({ owner_id: ownerId, settings: text })
    .onConflict((conflict) => conflict.column('owner_id').doUpdateSet({ settings: text }))
    .execute();
}
