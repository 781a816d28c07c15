import { type Kysely, type SqlBool, sql } from 'kysely';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

/** Which of what was made is meant, and how much of it. */
export interface MadeQuery {
  readonly kind: 'styled' | 'generated';
  /** Of these alone. */
  readonly ids?: readonly string[] | undefined;
  readonly limit: number;
  readonly offset: number;
}

export type MadeRow = Awaited<ReturnType<typeof listMade>>[number];

/** An owner's live photos that were made, last made first; of what each was made there is what its file's name needs. */
export const listMade = (tx: Tx, ownerId: string, { kind, ids, limit, offset }: MadeQuery) =>
  tx
    .selectFrom('photos as p')
    .leftJoin('photos as s', (join) =>
      join.onRef('s.id', '=', 'p.source_photo_id').onRef('s.owner_id', '=', 'p.owner_id'),
    )
    .select([
      'p.id',
      'p.owner_id',
      'p.filename',
      'p.mime_type',
      'p.bytes',
      'p.width',
      'p.height',
      'p.style',
      'p.prompt',
      'p.recipe',
      'p.caption',
      'p.tags',
      'p.is_favorite',
      'p.place',
      'p.taken_at',
      'p.taken_offset',
      'p.created_at',
      'p.source_photo_id',
      's.mime_type as source_mime_type',
    ])
    .where('p.owner_id', '=', ownerId)
    .where('p.deleted_at', 'is', null)
    // Said for the planner: what was made has an index of its own.
    .where(sql<SqlBool>`p.kind <> 'uploaded'`)
    .where('p.kind', '=', kind)
    .$if(ids !== undefined, (query) => query.where(sql<SqlBool>`p.id = any(${ids ?? []})`))
    .orderBy('p.created_at', 'desc')
    .orderBy('p.id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();

/** How many there are of each style in each month they were made in, with their bytes; times are UTC. */
export async function countMade(tx: Tx, ownerId: string, kind: MadeQuery['kind']) {
  const { rows } = await sql<{
    style: string | null;
    month: string;
    photos: number;
    favorites: number;
    bytes: string;
    first: Date;
    last: Date;
  }>`
    select style, to_char(created_at at time zone 'UTC', 'YYYY-MM') as month, count(*)::int as photos,
      (count(*) filter (where is_favorite))::int as favorites, sum(bytes) as bytes,
      min(created_at) as first, max(created_at) as last
    from photos where owner_id = ${ownerId} and deleted_at is null and kind <> 'uploaded' and kind = ${kind}
    group by 1, 2 order by 2 desc, 3 desc, 1`.execute(tx);
  return rows.map(({ bytes, ...row }) => ({ ...row, bytes: Number(bytes) }));
}
