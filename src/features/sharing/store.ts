import { type Kysely, sql } from 'kysely';
import { keptPlan } from '#platform/database/kept-plans.ts';
import type { SharingTables } from './tables.ts';

type Tx = Kysely<SharingTables>;

/** A link as whoever has its key finds it; the key's hash is all that tells it. */
export interface FoundLink {
  id: string;
  owner_id: string;
  photo_id: string | null;
  album_id: string | null;
  has_password: boolean;
  password_version: number;
  allow_download: boolean;
  allow_upload: boolean;
  show_metadata: boolean;
  max_views: number | null;
  views: number;
  expires_at: Date | null;
  /** Closed by its owner, or its owner's account is. */
  is_closed: boolean;
}

export async function findLink(tx: Tx, keyHash: Buffer): Promise<FoundLink | undefined> {
  const { rows } = await sql<FoundLink>`${sql.raw(keptPlan)} select * from find_link(${keyHash})`.execute(tx);
  return rows[0];
}

/** The hash of the password of the link on whose behalf the transaction runs. */
export async function linkPasswordHash(tx: Tx): Promise<string | null> {
  const { rows } = await sql<{ hash: string | null }>`select link_password_hash() as hash`.execute(tx);
  return rows[0]?.hash ?? null;
}

/** Counts a view of the link on whose behalf the transaction runs. @returns false when it has had its last one */
export async function countView(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ counted: boolean }>`select count_link_view() as counted`.execute(tx);
  return rows[0]?.counted === true;
}

export interface LinkSettings {
  expires_at: Date | null;
  password_hash: string | null;
  allow_download: boolean;
  allow_upload: boolean;
  show_metadata: boolean;
  max_views: number | null;
}

export async function insertLink(
  tx: Tx,
  link: LinkSettings & {
    id: string;
    owner_id: string;
    photo_id: string | null;
    album_id: string | null;
    key_hash: Buffer;
    key_sealed: Buffer;
  },
): Promise<void> {
  await tx.insertInto('shared_links').values(link).execute();
}

/** What a link can be made of: a photo that is not in the trash, an album that is not smart. */
export async function findTarget(tx: Tx, target: { photoId: string } | { albumId: string }) {
  if ('photoId' in target) {
    return tx
      .selectFrom('photos')
      .select('id')
      .where('id', '=', target.photoId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
  }
  return tx
    .selectFrom('albums')
    .select(['id', sql<boolean>`filter is not null`.as('is_smart')])
    .where('id', '=', target.albumId)
    .executeTakeFirst();
}

/** A link as its owner sees it. */
export interface LinkRow {
  id: string;
  photo_id: string | null;
  album_id: string | null;
  key_sealed: Buffer;
  has_password: boolean;
  allow_download: boolean;
  allow_upload: boolean;
  show_metadata: boolean;
  max_views: number | null;
  views: number;
  last_viewed_at: Date | null;
  created_at: Date;
  expires_at: Date | null;
  /** Of the album, or of the photo. */
  title: string;
  cover_id: string | null;
}

const openLinks = (ownerId: string, target: { photo_id?: string | undefined; album_id?: string | undefined }) => sql`
  l.owner_id = ${ownerId} and l.revoked_at is null
  and (${target.photo_id ?? null}::uuid is null or l.photo_id = ${target.photo_id ?? null})
  and (${target.album_id ?? null}::uuid is null or l.album_id = ${target.album_id ?? null})`;

const selectLinks = sql`
  select l.id, l.photo_id, l.album_id, l.key_sealed, l.has_password, l.allow_download, l.allow_upload, l.show_metadata,
    l.max_views, l.views, l.last_viewed_at, l.created_at, l.expires_at, coalesce(a.name, p.caption, p.filename, '') as title,
    coalesce(p.id, (select f.id from album_photos ap join photos f on f.id = ap.photo_id
      where ap.album_id = l.album_id and f.deleted_at is null
      order by (f.id = a.cover_photo_id) is true desc, ap.position, ap.photo_id limit 1)) as cover_id
  from shared_links l left join albums a on a.id = l.album_id left join photos p on p.id = l.photo_id`;

/** An owner's links that were not closed, newest first. */
export async function listLinks(
  tx: Tx,
  ownerId: string,
  request: { limit: number; offset: number; photo_id?: string | undefined; album_id?: string | undefined },
): Promise<{ items: LinkRow[]; total: number }> {
  const { rows } = await sql<LinkRow>`
    ${selectLinks} where ${openLinks(ownerId, request)}
    order by l.created_at desc, l.id desc limit ${request.limit} offset ${request.offset}`.execute(tx);
  const counted = await sql<{ n: number }>`
    select count(*)::int as n from shared_links l where ${openLinks(ownerId, request)}`.execute(tx);
  return { items: rows, total: counted.rows[0]?.n ?? 0 };
}

/** An open link that was found to be the caller's. */
export async function findOpenLink(tx: Tx, id: string): Promise<LinkRow | undefined> {
  const { rows } = await sql<LinkRow>`${selectLinks} where l.id = ${id} and l.revoked_at is null`.execute(tx);
  return rows[0];
}

/** Changes an open link. A change of its password, to none as well, counts its version up: sessions are bound to that. */
export async function updateLink(tx: Tx, id: string, change: Partial<LinkSettings>): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('shared_links')
    .set({
      ...change,
      ...('password_hash' in change ? { password_version: sql<number>`password_version + 1` } : {}),
    })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Closes a link for good. Its row stays, so that its guests hear that it was closed. */
export async function revokeLink(tx: Tx, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('shared_links')
    .set({ revoked_at: new Date() })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
