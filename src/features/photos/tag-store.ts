import { type Kysely, sql } from 'kysely';
import { type PhotoSelection, selected } from './filter-store.ts';
import { lockPhotos } from './store.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

/** @returns how many photos have other tags now */
export async function changeTags(
  tx: Tx,
  ownerId: string,
  selection: PhotoSelection,
  change: { add?: string[] | undefined; remove?: string[] | undefined },
): Promise<number> {
  await lockPhotos(tx, ownerId);
  const after = sql<string[]>`change_tags(tags, ${change.add ?? []}::text[], ${change.remove ?? []}::text[])`;
  const { numUpdatedRows } = await tx
    .updateTable('photos')
    .set({ tags: after, updated_at: new Date() })
    .where(await selected(tx, ownerId, selection))
    .where('tags', 'is distinct from', after)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/**
 * Puts another tag in the place of one, or nothing, in the trash as well: what is restored has the tags that there are.
 * @returns how many live photos had it
 */
export async function renameTag(tx: Tx, ownerId: string, from: string, to: string | null): Promise<number> {
  await lockPhotos(tx, ownerId);
  const { rows } = await sql<{ count: number }>`
    with changed as (
      update photos set updated_at = now(), tags = change_tags(
        array(select case when exact_key(tag) = exact_key(${from}) then ${to} else tag end from unnest(tags) tag), '{}',
        ${to === null ? [from] : []}::text[])
      where owner_id = ${ownerId} and tags <> '{}'
        and exists (select from unnest(tags) tag where exact_key(tag) = exact_key(${from}))
      returning deleted_at)
    select count(*) filter (where deleted_at is null)::int as count from changed`.execute(tx);
  return rows[0]?.count ?? 0;
}

export async function listTags(tx: Tx, ownerId: string, request: { q?: string | undefined; limit: number }) {
  const { rows } = await sql<{ tag: string; count: number }>`
    select (array_agg(tag order by n desc, tag))[1] as tag, sum(n)::int as count from (
      select tag, count(*) as n from photos, unnest(tags) tag
      where owner_id = ${ownerId} and deleted_at is null and tags <> '{}' group by tag) spellings
    where strpos(search_fold(tag), search_fold(${request.q ?? ''})) > 0
    group by exact_key(tag) order by 2 desc, 1 limit ${request.limit}`.execute(tx);
  return rows;
}
