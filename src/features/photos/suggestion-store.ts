import { type Kysely, sql } from 'kysely';
import { understand } from './filter-store.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

const mostOfAKind = 5;

/** Tags, cameras, places and styles that have the text in them, those that begin with it first, each with what it finds. */
export async function suggestValues(tx: Tx, ownerId: string, text: string) {
  const { rows } = await sql<{ kind: 'tag' | 'camera' | 'place' | 'style'; label: string; lexeme: string }>`
    select kind, label, search_term(${ownerId}, exact_lexeme(kind, word)) as lexeme from (
      select w.*, row_number() over (partition by kind order by starts_with(search_fold(label), ask) desc, length(label), label) as n
      from search_words w, search_fold(${text}) ask
      where owner_id = ${ownerId} and kind <> 'word' and strpos(search_fold(label), ask) > 0) known
    where n <= ${mostOfAKind} order by array_position(array['tag', 'camera', 'place', 'style'], kind), n`.execute(tx);
  const counts = await countSearches(
    tx,
    ownerId,
    rows.map((row) => row.lexeme),
  );
  return rows.flatMap(({ kind, label }, at) => (counts[at] ? [{ kind, value: label, label, count: counts[at] }] : []));
}

async function countSearches(tx: Tx, ownerId: string, queries: readonly string[]): Promise<number[]> {
  const { rows } = await sql<{
    counts: number[];
  }>`select count_searches(${ownerId}, ${queries}::text[]) as counts`.execute(tx);
  return rows[0]?.counts ?? [];
}

/** Own albums that hold photos, by their name; what a smart album holds nobody has counted. */
export async function suggestAlbums(tx: Tx, ownerId: string, text: string) {
  const { rows } = await sql<{ value: string; label: string; count: number }>`
    select a.id as value, a.name as label, (
      select count(*)::int from album_photos ap join photos p on p.id = ap.photo_id
      where ap.album_id = a.id and p.owner_id = ${ownerId} and p.deleted_at is null) as count
    from albums a, search_fold(${text}) ask
    where a.owner_id = ${ownerId} and a.filter is null and strpos(search_fold(a.name), ask) > 0
    order by starts_with(search_fold(a.name), ask) desc, a.updated_at desc limit ${mostOfAKind}`.execute(tx);
  return rows.map((row) => ({ kind: 'album' as const, ...row }));
}

/** Months of the timeline, newest first: of a year, of one or several months of the year, or both. */
export async function findMonths(tx: Tx, ownerId: string, year: number | null, months: number[] | null) {
  const { rows } = await sql<{ month: string; count: number }>`
    select to_char(month, 'YYYY-MM') as month, photos as count from timeline_months
    where owner_id = ${ownerId} and photos > 0 and (${year}::int is null or extract(year from month) = ${year}::int)
      and (${months}::int[] is null or extract(month from month) = any(${months}::int[]))
    order by timeline_months.month desc limit ${year && !months ? 12 : mostOfAKind}`.execute(tx);
  return rows;
}

/** Each of them is held against all words of the owner, so a whole sentence is not put right. */
const mostPutRight = 8;

/**
 * For a text that finds nothing: the same with each word that is not known put right by the one of the owner's that shares most
 * trigrams with it, and is about as long. Null when the text finds something, or its like does not either.
 */
export async function findAlike(tx: Tx, ownerId: string, text: string): Promise<{ q: string; count: number } | null> {
  if ((await countFound(tx, ownerId, text)) !== 0) return null;
  const { rows } = await sql<{ q: string | null; changed: boolean | null }>`
    with known as materialized (
      select word from search_words where owner_id = ${ownerId} and kind = 'word'
      union select unnest(search_tokens(name)) from albums where owner_id = ${ownerId} and filter is null)
    select string_agg(coalesce(best.word, t.token), ' ' order by t.n) as q, bool_or(best.word <> t.token) as changed
    from unnest(search_tokens(${text})) with ordinality t(token, n) left join lateral (
      select k.word from known k
      where t.token !~ '[0-9]' and not search_unspaced(t.token) and (starts_with(k.word, t.token)
        or (length(k.word) between length(t.token) - 3 and length(t.token) + 3 and similarity(k.word, t.token) >= 0.3))
      order by starts_with(k.word, t.token) desc, similarity(k.word, t.token) desc, k.word limit 1) best on true
    where cardinality(search_tokens(${text})) <= ${mostPutRight}`.execute(tx);
  const alike = rows[0];
  if (!alike?.q || !alike.changed) return null;
  const count = await countFound(tx, ownerId, alike.q);
  return count > 0 ? { q: alike.q, count } : null;
}

async function countFound(tx: Tx, ownerId: string, q: string): Promise<number> {
  const { words, findsNothing } = await understand(tx, ownerId, { q });
  if (words === null || findsNothing) return 0;
  return (await countSearches(tx, ownerId, [words]))[0] ?? 0;
}

/** Forgets words, tags and places that no photo has any more; photos in the trash bring theirs back with them. */
export async function sweepSearchWords(tx: Tx): Promise<void> {
  await sql`select sweep_search_words()`.execute(tx);
}
