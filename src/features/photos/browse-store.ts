import { type Kysely, type SqlBool, sql } from 'kysely';
import { begin, found, lookByTime, matching, type Search, selected, understand } from './filter-store.ts';
import { columns } from './photo-columns.ts';
import type { PhotoFilter } from './photo-filter.ts';
import { findPhotos, type PhotoRow } from './store.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

export interface Position {
  sortAt: string;
  id: string;
}

/** A page of what a filter lets through, newest first, the position after it where there is more, and how many there are. */
export async function listPhotos(
  tx: Tx,
  ownerId: string,
  filter: PhotoFilter,
  page: { limit: number; offset: number; after?: Position | undefined },
): Promise<{ items: PhotoRow[]; next: Position | null; total: number }> {
  const search = await understand(tx, ownerId, filter);
  if (search.findsNothing) return { items: [], next: null, total: 0 };
  if (search.words !== null && search.isIndexed) return listIndexed(tx, search, page);
  let query = tx.selectFrom('photos').select(columns).select(positionOf('sort_at')).where(matching(search));
  if (page.after) query = query.where(isAfter(page.after, 'id'));
  const rows = await query
    .orderBy('sort_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .offset(page.offset)
    .execute();
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  const next: Position | null = rows.length > page.limit && last ? { sortAt: last.position, id: last.id } : null;
  return { items, next, total: await countPhotos(tx, search) };
}

/** A page of what a filter lets through, newest first, and how many there are; further queries of the transaction may follow. */
export async function listMatching(
  tx: Tx,
  ownerId: string,
  filter: PhotoFilter,
  page: { limit: number; offset: number },
): Promise<{ items: PhotoRow[]; total: number }> {
  const search = await understand(tx, ownerId, filter);
  if (search.findsNothing) return { items: [], total: 0 };
  const items = await inTime(tx, search, 'desc').limit(page.limit).offset(page.offset).execute();
  return { items, total: await countPhotos(tx, search) };
}

/** Live photos of an owner in the order of their coming, newest first. */
export async function listAdded(
  tx: Tx,
  ownerId: string,
  { kind, limit }: { kind?: PhotoRow['kind']; limit: number },
): Promise<PhotoRow[]> {
  let query = tx.selectFrom('photos').select(columns).where('owner_id', '=', ownerId).where('deleted_at', 'is', null);
  if (kind) query = query.where('kind', '=', kind);
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

export const findOldestMatching = async (tx: Tx, ownerId: string, filter: PhotoFilter) =>
  inTime(tx, await understand(tx, ownerId, filter), 'asc')
    .limit(1)
    .executeTakeFirst();

const inTime = (tx: Tx, search: Search, order: 'asc' | 'desc') =>
  tx.selectFrom('photos').select(columns).where(matching(search)).orderBy('sort_at', order).orderBy('id', order);

const positionOf = (column: 'sort_at') =>
  sql<string>`to_char(${sql.ref(column)}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`.as('position');

// A row comparison, so that an index is entered at the position instead of counted up to it.
const isAfter = (after: Position, id: 'id' | 'photo_id') =>
  sql<SqlBool>`(sort_at, ${sql.ref(id)}) < (${after.sortAt}::timestamp, ${after.id}::uuid)`;

/**
 * Fewer than this are put in order; of more, only those of the days that the page is from are looked at. There each row is asked by
 * itself, which costs as much as ten that the index of words finds.
 */
const fewEnough = 10_000;

/** The same from the index of words. It is counted by spans of a month's length, so that the page's span is known before it is read. */
async function listIndexed(
  tx: Tx,
  search: Search,
  page: { limit: number; offset: number; after?: Position | undefined },
) {
  await begin(tx, search);
  const { rows: spans } = await sql<{ span: number; count: number }>`
    select (sort_at::date - date '2000-01-01') / ${spanDays}::int as span, count(*)::int as count
    from photo_search where ${found(search)} group by 1 order by 1 desc`.execute(tx);
  const total = spans.reduce((sum, { count }) => sum + count, 0);
  const near = total > fewEnough ? spanOf(spans, page) : null;
  if (near) await lookByTime(tx);
  const { rows } = await sql<{ id: string; position: string }>`
    select photo_id as id, ${positionOf('sort_at')} from photo_search
    where ${found(search)} and ${near ? sql`sort_at >= date '2000-01-01' + ${near.first * spanDays}::int` : sql`true`}
      and ${page.after ? isAfter(page.after, 'photo_id') : sql`true`}
    order by sort_at desc, photo_id desc limit ${page.limit + 1} offset ${page.offset}`.execute(tx);
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const ids = shown.map(({ id }) => id);
  return {
    items: await findPhotos(tx, ids),
    next: rows.length > page.limit && last ? { sortAt: last.position, id: last.id } : null,
    total,
  };
}

const spanDays = 32;

/** The oldest span that a page and its successor reach into; dates before 2000 round towards it. */
function spanOf(
  spans: readonly { span: number; count: number }[],
  page: { limit: number; offset: number; after?: Position | undefined },
): { first: number } | null {
  const start = page.after ? Date.parse(`${page.after.sortAt.slice(0, 10)}Z`) : Number.POSITIVE_INFINITY;
  let wanted = page.offset + page.limit + 1;
  for (const { span, count } of spans) {
    // What lies in the span of the position may be before it: the whole span counts for nothing.
    const ends = Date.UTC(2000, 0, 1) + (span + 1) * spanDays * 86_400_000;
    if (ends <= start) wanted -= count;
    if (wanted <= 0) return { first: span > 0 ? span : span - 1 };
  }
  return null;
}

/** Counters know the timeline, its favourites, and what in it was made. */
const isCounted = ({ filter: { favorite, generated, archived: _, ...rest }, archived }: Search): boolean =>
  archived === false &&
  favorite !== false &&
  (favorite === undefined || generated === undefined) &&
  Object.values(rest).every(
    (value) => value === undefined || value === '' || (Array.isArray(value) && value.length === 0),
  );

async function countPhotos(tx: Tx, search: Search): Promise<number> {
  if (isCounted(search)) {
    const { rows } = await sql<{ count: string }>`
      select coalesce(sum(${counterOf(search)}), 0) as count from timeline_months where owner_id = ${search.ownerId}`.execute(
      tx,
    );
    return Number(rows[0]?.count ?? 0);
  }
  const { n } = await tx
    .selectFrom('photos')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where(matching(search))
    .executeTakeFirstOrThrow();
  return Number(n);
}

const counterOf = ({ filter: { favorite, generated } }: Search) => {
  if (generated !== undefined) return generated ? sql`made` : sql`photos - made`;
  return favorite ? sql`favorites` : sql`photos`;
};

/** Months with photos and how many, newest first. */
export async function countMonths(tx: Tx, ownerId: string, filter: PhotoFilter) {
  const search = await understand(tx, ownerId, filter);
  if (search.findsNothing) return [];
  const isIndexed = search.words !== null && search.isIndexed;
  if (isIndexed) await begin(tx, search);
  const counted = sql`
    select date_trunc('month', sort_at) as month, count(*)::int as count
    from ${isIndexed ? sql`photo_search where ${found(search)}` : sql`photos where ${matching(search)}`} group by 1`;
  const kept = sql`
    select month, ${counterOf(search)} as count from timeline_months where owner_id = ${ownerId} and ${counterOf(search)} > 0`;
  const { rows } = await sql<{ month: string; count: number }>`
    select to_char(month, 'YYYY-MM') as month, count from (${isCounted(search) ? kept : counted}) months
    order by months.month desc`.execute(tx);
  return rows;
}

export async function listMonth(tx: Tx, ownerId: string, month: string, filter: PhotoFilter): Promise<PhotoRow[]> {
  const from = `${month}-01`;
  const to = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)))).toISOString().slice(0, 10);
  return tx
    .selectFrom('photos')
    .select(columns)
    .where(matching(await understand(tx, ownerId, filter), { from, to }))
    .where(sql<SqlBool>`sort_at >= ${from}::timestamp and sort_at < ${to}::timestamp`)
    .orderBy('sort_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

/** The ids of an owner's photos that a filter lets through, newest first. */
export async function selectMatchingIds(
  tx: Tx,
  ownerId: string,
  selection: { filter: PhotoFilter; except?: string[] | undefined },
): Promise<string[]> {
  const rows = await tx
    .selectFrom('photos')
    .select('id')
    .where(await selected(tx, ownerId, selection))
    .orderBy('sort_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(({ id }) => id);
}
