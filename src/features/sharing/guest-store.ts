import { type Kysely, sql } from 'kysely';
import type { PhotoRow } from '#features/photos/index.ts';
import type { LinkCaller } from '#platform/http/caller.ts';
import type { SharingTables } from './tables.ts';

type Tx = Kysely<SharingTables>;
type Target = LinkCaller['target'];

/**
 * The live photos within a link, as `p`, and where they lie, as `ap`. The link's own target is named here, so that this
 * holds where row-level security does not.
 */
const within = ({ target, ownerId }: LinkCaller) =>
  'photoId' in target
    ? sql`photos p cross join (values (0::double precision)) ap (position)
        where p.id = ${target.photoId} and p.owner_id = ${ownerId} and p.deleted_at is null`
    : sql`album_photos ap join photos p on p.id = ap.photo_id
        where ap.album_id = ${target.albumId} and ap.album_owner_id = ${ownerId} and p.deleted_at is null`;

/** Ids in the order they are shown. */
export async function listShownIds(tx: Tx, guest: LinkCaller): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select p.id from ${within(guest)} order by ap.position, p.id`.execute(tx);
  return rows.map(({ id }) => id);
}

export interface Shown {
  photos: number;
  bytes: string;
  /** Wall-clock times. */
  first: string | null;
  last: string | null;
}

export async function summarize(tx: Tx, guest: LinkCaller): Promise<Shown> {
  const { rows } = await sql<Shown>`
    select count(*)::int as photos, coalesce(sum(p.bytes), 0) as bytes,
      to_char(min(p.sort_at), 'YYYY-MM-DD"T"HH24:MI:SS') as first, to_char(max(p.sort_at), 'YYYY-MM-DD"T"HH24:MI:SS') as last
    from ${within(guest)}`.execute(tx);
  return rows[0] as Shown;
}

/** The album's name and words, and the photo that stands for it: its cover, else its first. */
export async function findSharedAlbum(tx: Tx, target: Target & { albumId: string }) {
  const { rows } = await sql<{ name: string; description: string | null; cover_id: string | null }>`
    select a.name, a.description,
      (select p.id from album_photos ap join photos p on p.id = ap.photo_id
       where ap.album_id = a.id and p.deleted_at is null
       order by (p.id = a.cover_photo_id) is true desc, ap.position, ap.photo_id limit 1) as cover_id
    from albums a where a.id = ${target.albumId}`.execute(tx);
  return rows[0];
}

/** Names for the head of a guest's page: the owner, then those whose photos are in the album. */
export async function listNames(tx: Tx): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from link_people()`.execute(tx);
  return rows.map(({ name }) => name);
}

/** What a zip needs of the photos within a link, in their order; the instant tells the offset where the clock is shown as well. */
export async function listShownFiles(tx: Tx, guest: LinkCaller) {
  const { rows } = await sql<{
    hash: string;
    filename: string;
    mime_type: string;
    sort_at: Date;
    digital_source: string | null;
    made_source: string | null;
  }>`
    select encode(p.blob_hash, 'hex') as hash, p.filename, p.mime_type, p.digital_source,
      case when p.kind <> 'uploaded' then p.digital_source end as made_source,
      case when ${guest.showMetadata} then p.taken_at else p.sort_at at time zone 'UTC' end as sort_at
    from ${within(guest)} order by ap.position, p.id`.execute(tx);
  return rows;
}

/** A photo of these bytes that already lies in the album, and so is shown to whoever sends them. */
export async function findShownUpload(tx: Tx, guest: LinkCaller, hash: Buffer): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select p.id from ${within(guest)} and p.blob_hash = ${hash} and p.kind = 'uploaded'
    order by p.created_at limit 1`.execute(tx);
  return rows[0]?.id;
}

/** Puts what a guest sent at the end of the album. */
export async function appendSent(tx: Tx, guest: LinkCaller & { target: { albumId: string } }, photo: PhotoRow) {
  await sql`
    insert into album_photos (album_id, photo_id, album_owner_id, position, added_by, link_id)
      select ${guest.target.albumId}, ${photo.id}, ${guest.ownerId},
        coalesce((select max(position) from album_photos where album_id = ${guest.target.albumId}), 0) + 1, null, ${guest.linkId}`.execute(
    tx,
  );
}
