import { type Kysely, sql } from 'kysely';
import { type PhotoSelection, selected } from './filter-store.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

export async function selectForDownload(tx: Tx, ownerId: string, selection: PhotoSelection) {
  return tx
    .selectFrom('photos')
    .select(['id', 'bytes'])
    .where(await selected(tx, ownerId, selection))
    .orderBy('sort_at')
    .orderBy('id')
    .execute();
}

interface DownloadedFile {
  hash: string;
  filename: string;
  bytes: string;
  sort_at: Date;
  made_source: string | null;
}

/** Of photos, as `p`. */
const fileColumns = sql`encode(p.blob_hash, 'hex') as hash, p.filename, p.bytes, p.taken_at as sort_at,
      case when p.kind <> 'uploaded' then p.digital_source end as made_source`;

/** An owner's files for a download, in the order of the ids. Photos that were deleted meanwhile are left out. */
export async function listFiles(tx: Tx, ownerId: string, ids: readonly string[]) {
  const { rows } = await sql<DownloadedFile>`
    select ${fileColumns}
    from unnest(${ids}::uuid[]) with ordinality as wanted(id, place) join photos p on p.id = wanted.id
    where p.owner_id = ${ownerId} and p.deleted_at is null order by wanted.place`.execute(tx);
  return rows;
}

/** As {@link listFiles}, of whomever's photos still lie in an album. */
export async function listAlbumFiles(tx: Tx, albumId: string, ids: readonly string[]) {
  const { rows } = await sql<DownloadedFile>`
    select ${fileColumns}
    from unnest(${ids}::uuid[]) with ordinality as wanted(id, place)
      join album_photos ap on ap.photo_id = wanted.id and ap.album_id = ${albumId} join photos p on p.id = wanted.id
    where p.deleted_at is null order by wanted.place`.execute(tx);
  return rows;
}

/** Each names all its photos: the list of a large library is a megabyte. */
const mostDownloads = 50;

/** Only the newest of a person's are kept. */
export async function insertDownload(
  tx: Tx,
  download: {
    id: string;
    owner_id: string;
    photo_ids: string[];
    expires_at: Date;
    album_id?: string | null;
    name?: string | null;
  },
): Promise<void> {
  await tx.insertInto('downloads').values(download).execute();
  await sql`
    delete from downloads where owner_id = ${download.owner_id} and id in (
      select id from downloads where owner_id = ${download.owner_id} order by created_at desc, id desc offset ${mostDownloads})`.execute(
    tx,
  );
}

export const findDownload = (tx: Tx, id: string) =>
  tx
    .selectFrom('downloads')
    .select(['photo_ids', 'expires_at', 'created_at', 'album_id', 'name'])
    .where('id', '=', id)
    .executeTakeFirst();
