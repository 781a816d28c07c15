import { type Kysely, sql } from 'kysely';
import type { PhotoTables } from './tables.ts';

interface Share {
  value: string;
  photos: number;
  bytes: number;
}

/** Counts and bytes of an owner's live photos in one pass over them; what a photo does not have is in no share. */
export async function readStatistics(tx: Kysely<PhotoTables>, ownerId: string) {
  const { rows } = await sql<{ by: string; value: string | null; photos: string; bytes: string }>`
    select (array['month', 'kind', 'style', 'camera', 'format', 'place'])[coalesce(array_position(array[
        grouping(month), grouping(kind), grouping(style), grouping(camera), grouping(mime_type), grouping(place)], 0), 7)] as by,
      coalesce(to_char(month, 'YYYY-MM'), kind, style, camera, split_part(mime_type, '/', 2), place) as value,
      count(*) as photos, coalesce(sum(bytes), 0) as bytes
    from (select date_trunc('month', sort_at) as month, kind, style, camera, mime_type, place, bytes from photos
          where owner_id = ${ownerId} and deleted_at is null) live
    group by grouping sets ((), (month), (kind), (style), (camera), (mime_type), (place))
    order by 3 desc, 2`.execute(tx);
  const trash = await sql<{ photos: string; bytes: string }>`
    select count(*) as photos, coalesce(sum(bytes), 0) as bytes from photos
    where owner_id = ${ownerId} and deleted_at is not null`.execute(tx);
  const shares = (by: string): Share[] =>
    rows.flatMap((row) =>
      row.by === by && row.value !== null
        ? [{ value: row.value, photos: Number(row.photos), bytes: Number(row.bytes) }]
        : [],
    );
  const sizes = (row?: { photos: string; bytes: string }) => ({
    photos: Number(row?.photos ?? 0),
    bytes: Number(row?.bytes ?? 0),
  });
  return {
    ...sizes(rows.find(({ by }) => by === null)),
    trash: sizes(trash.rows[0]),
    by_month: shares('month')
      .map(({ value: month, ...rest }) => ({ month, ...rest }))
      .toSorted((a, b) => b.month.localeCompare(a.month)),
    by_kind: shares('kind'),
    by_style: shares('style'),
    by_camera: shares('camera'),
    by_format: shares('format'),
    by_place: shares('place'),
  };
}
