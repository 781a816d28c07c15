import { type Kysely, sql } from 'kysely';
import type { PhotoTables } from '#features/photos/index.ts';
import type { ImportedKind, ImportTables } from './tables.ts';

type Tx = Kysely<ImportTables>;

/** What an owner's photo or album of an earlier system became; it may have been deleted since. */
export async function findOwnImported(
  tx: Tx,
  ownerId: string,
  what: { system: string; kind: ImportedKind; earlierId: string },
): Promise<string | undefined> {
  const row = await tx
    .selectFrom('imported')
    .where('owner_id', '=', ownerId)
    .where('system', '=', what.system)
    .where('kind', '=', what.kind)
    .where('earlier_id', '=', what.earlierId)
    .select('id')
    .executeTakeFirst();
  return row?.id;
}

/** Which of an owner's photos of an earlier system are here, in the trash or not, by what it knew them by. */
export async function findOwnImportedPhotos(
  tx: Kysely<ImportTables & PhotoTables>,
  ownerId: string,
  system: string,
  earlierIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await tx
    .selectFrom('imported')
    .innerJoin('photos', 'photos.id', 'imported.id')
    .where('imported.owner_id', '=', ownerId)
    .where('imported.system', '=', system)
    .where('imported.kind', '=', 'photo')
    .where(sql<boolean>`imported.earlier_id = any(${earlierIds})`)
    .where('photos.owner_id', '=', ownerId)
    .select(['imported.earlier_id', 'photos.id'])
    .execute();
  return new Map(rows.map(({ earlier_id, id }) => [earlier_id, id]));
}

/** What a person or an organization of an earlier system became, whoever asks. */
export async function findImported(
  tx: Tx,
  what: { system: string; kind: 'person' | 'organization'; earlierId: string },
): Promise<string | undefined> {
  const { rows } = await sql<{ id: string | null }>`
    select find_imported(${what.system}, ${what.kind}, ${what.earlierId}) as id`.execute(tx);
  return rows[0]?.id ?? undefined;
}

interface Imported {
  system: string;
  kind: ImportedKind;
  earlier_id: string;
  id: string;
  owner_id: string | null;
  brought?: 'dated' | 'undated' | null;
}

/** Rows of one statement, which takes 65 535 parameters at the most. */
const mostAtOnce = 5000;

/** Writes down what things became; what is written down already stays as it is. */
export async function insertImported(tx: Tx, what: Imported | readonly Imported[]): Promise<void> {
  const rows = [what].flat();
  for (let at = 0; at < rows.length; at += mostAtOnce) {
    await tx
      .insertInto('imported')
      .values(rows.slice(at, at + mostAtOnce))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Who brings photos to one owner commits one after the other, so that an album is made once. */
export async function lockImports(tx: Tx, ownerId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${ownerId}, 13))`.execute(tx);
}

/** Of what is an owner's, or nobody's, those earlier ids that begin alike. */
export async function listEarlierIds(
  tx: Tx,
  ownerId: string | null,
  what: { system: string; kind: ImportedKind; prefix: string },
): Promise<string[]> {
  const rows = await tx
    .selectFrom('imported')
    .where('owner_id', ownerId === null ? 'is' : '=', ownerId)
    .where('system', '=', what.system)
    .where('kind', '=', what.kind)
    .where(sql<boolean>`starts_with(earlier_id, ${what.prefix})`)
    .select('earlier_id')
    .orderBy('earlier_id')
    .execute();
  return rows.map((row) => row.earlier_id);
}

/**
 * Whether somebody of an earlier system has this account for its e-mail, or for its own, and not because whoever ran the import named it;
 * by an administrator.
 */
export async function isBroughtAccount(tx: Tx, system: string, userId: string): Promise<boolean> {
  const row = await tx
    .selectFrom('imported')
    .where('owner_id', '=', userId)
    .where('system', '=', system)
    .where('kind', '=', 'identity')
    .where(sql<boolean>`(starts_with(earlier_id, 'made ') or starts_with(earlier_id, 'matched '))`)
    .select('id')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whose photos those are that nobody is known to own, where an import kept some aside; by an administrator. */
export async function findKeeper(tx: Tx, system: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string | null }>`select keeper_of_aside(${system}) as id`.execute(tx);
  return rows[0]?.id ?? undefined;
}

/** What an import kept aside, and neither was given away nor thrown away since. */
export async function listKeptAside(
  tx: Kysely<ImportTables & PhotoTables>,
  ownerId: string,
  system: string,
): Promise<string[]> {
  const rows = await tx
    .selectFrom('imported')
    .innerJoin('photos', 'photos.id', 'imported.id')
    .where('imported.owner_id', '=', ownerId)
    .where('imported.system', '=', system)
    .where('imported.kind', '=', 'photo')
    .where(sql<boolean>`starts_with(imported.earlier_id, 'aside/')`)
    .where('photos.deleted_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('imported as given')
            .where('given.owner_id', '=', ownerId)
            .where('given.system', '=', system)
            .where('given.kind', '=', 'photo')
            .where('given.earlier_id', '=', sql<string>`'given/' || substr(imported.earlier_id, 7)`)
            .select('given.id'),
        ),
      ),
    )
    .select(sql<string>`substr(imported.earlier_id, 7)`.as('name'))
    .orderBy('name')
    .execute();
  return rows.map(({ name }) => name);
}

/** What imports know an owner's photo as, and what they were told of it. */
export async function findNamesOfPhoto(
  tx: Tx,
  ownerId: string,
  id: string,
): Promise<{ system: string; earlierId: string; brought: 'dated' | 'undated' | null }[]> {
  const rows = await tx
    .selectFrom('imported')
    .where('owner_id', '=', ownerId)
    .where('kind', '=', 'photo')
    .where('id', '=', id)
    .select(['system', 'earlier_id', 'brought'])
    .execute();
  return rows.map(({ system, earlier_id, brought }) => ({ system, earlierId: earlier_id, brought }));
}
