import { type Kysely, type Selectable, sql } from 'kysely';
import type { Model } from './backends/backend.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

/** `address` is what people and programs name it by: its key, unless a backend that was configured before has one of the same. */
export type ModelRow = Selectable<GenerationTables['models']> & { address: string; is_favorite: boolean };

/** Models of some backends, in the order in which those were configured: the painter, which is always there, comes last. */
const seenBy = (tx: Tx, ownerId: string, backends: readonly string[]) =>
  tx
    .selectFrom((from) =>
      from
        .selectFrom('models as m')
        .selectAll('m')
        .select(sql<number>`array_position(${backends}::text[], m.backend)`.as('place'))
        .select(
          sql<string>`case when row_number() over (partition by m.key order by array_position(${backends}::text[], m.backend)) = 1
            then m.key else m.backend || ':' || m.key end`.as('address'),
        )
        .where(sql<boolean>`m.backend = any(${backends})`)
        .as('m'),
    )
    .selectAll('m')
    .select(
      sql<boolean>`exists (select from model_favorites f where f.owner_id = ${ownerId} and f.model_key = m.address)`.as(
        'is_favorite',
      ),
    );

/** Models of some backends, one's favourites first. */
export const listModels = (tx: Tx, ownerId: string, backends: readonly string[]): Promise<ModelRow[]> =>
  seenBy(tx, ownerId, backends)
    .orderBy('is_favorite', 'desc')
    .orderBy('m.place')
    .orderBy(sql`lower(m.name)`)
    .orderBy('m.key')
    .execute();

/** The one of that address among those of some backends. */
export const findModel = (
  tx: Tx,
  ownerId: string,
  address: string,
  backends: readonly string[],
): Promise<ModelRow | undefined> => seenBy(tx, ownerId, backends).where('m.address', '=', address).executeTakeFirst();

/** When each of some backends told its models last, as far as they did. */
export const listModelLists = (
  tx: Tx,
  backends: readonly string[],
): Promise<{ backend: string; listed_at: Date | null }[]> =>
  tx
    .selectFrom('model_lists')
    .select(['backend', 'listed_at'])
    .where(sql<boolean>`backend = any(${backends})`)
    .execute();

/** Says that a server has these backends. @param tx of the system */
export const sayBackendsSeen = (tx: Tx, backends: readonly string[]) =>
  sql`
    insert into model_lists (backend) select unnest(${backends}::text[])
    on conflict (backend) do update set seen_at = now()`.execute(tx);

/** What any server of the library has had lately; each says so every few minutes. One whose configuration differs may be about to be replaced. */
export async function listSeenBackends(tx: Tx): Promise<string[]> {
  const { rows } = await sql<{ backend: string }>`
    select backend from model_lists where seen_at > now() - interval '30 minutes'`.execute(tx);
  return rows.map(({ backend }) => backend);
}

/** Replaces what a backend has. @param tx of the system */
export async function replaceModels(tx: Tx, backend: string, models: readonly Model[]): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('models', 12))`.execute(tx);
  await tx
    .deleteFrom('models')
    .where('backend', '=', backend)
    .where(sql<boolean>`key <> all(${models.map(({ key }) => key)})`)
    .execute();
  for (const { key, hash, name, type, base, description, compatibleVae, defaults, limits } of models) {
    const row = {
      hash,
      name,
      type,
      base,
      description,
      compatible_vae: JSON.stringify(compatibleVae),
      defaults: JSON.stringify(defaults),
      limits: JSON.stringify(limits),
    };
    await tx
      .insertInto('models')
      .values({ backend, key, ...row })
      .onConflict((conflict) => conflict.columns(['backend', 'key']).doUpdateSet(row))
      .execute();
  }
  await sql`
    insert into model_lists (backend, listed_at) values (${backend}, now())
    on conflict (backend) do update set listed_at = excluded.listed_at, seen_at = now()`.execute(tx);
}

/** Forgets what all other backends have. @param tx of the system */
export async function forgetOtherBackends(tx: Tx, backends: readonly string[]): Promise<void> {
  for (const table of ['models', 'model_lists'] as const) {
    await sql`delete from ${sql.table(table)} where backend <> all(${backends})`.execute(tx);
  }
}

export async function markFavorite(tx: Tx, ownerId: string, key: string, isFavorite: boolean): Promise<void> {
  if (isFavorite) {
    await tx
      .insertInto('model_favorites')
      .values({ owner_id: ownerId, model_key: key })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return;
  }
  await tx.deleteFrom('model_favorites').where('owner_id', '=', ownerId).where('model_key', '=', key).execute();
}
