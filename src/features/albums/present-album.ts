import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { presentPerson } from '#features/accounts/index.ts';
import { createPresenter, findOldestMatching, listMatching, type PhotoRow } from '#features/photos/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { Album } from './contract.ts';
import type { AlbumDeps } from './deps.ts';
import { type AlbumRow, type AlbumSummary, summarizeAlbums } from './store.ts';
import type { AlbumTables } from './tables.ts';

type Tx = Kysely<AlbumTables>;
export type AlbumBody = z.infer<typeof Album>;

const shownPeople = 4;

/** Turns rows of albums into what the API shows to one caller, with what lies in them counted and pictured. */
export async function presentAlbums(
  tx: Tx,
  deps: Pick<AlbumDeps, 'signedUrls'>,
  user: UserCaller,
  rows: readonly AlbumRow[],
): Promise<AlbumBody[]> {
  const plain = rows.filter((row) => !row.filter).map((row) => row.id);
  const summaries = new Map(
    (plain.length > 0 ? await summarizeAlbums(tx, plain) : []).map((one) => [one.album_id, one]),
  );
  for (const row of rows) if (row.filter) summaries.set(row.id, await summarizeSmartAlbum(tx, user, row));
  const present = createPresenter(deps, user);

  return rows.map((row) => {
    const summary = summaries.get(row.id);
    const previews = (summary?.previews ?? []).map((photo) => ({
      id: photo.id,
      thumbnail_url: present.url({ id: photo.id, blob_hash: Buffer.from(photo.blob_hash, 'hex') }, 'medium'),
      placeholder: photo.placeholder,
      width: photo.width,
      height: photo.height,
      is_generated: photo.kind !== 'uploaded',
    }));
    const people = row.people.map(presentPerson);
    return {
      id: row.id,
      name: row.name,
      description: row.description,
      created_at: row.created_at.toISOString(),
      updated_at: row.updated_at.toISOString(),
      cover_photo_id: row.cover_photo_id,
      photo_count: summary?.photo_count ?? 0,
      first_taken_at: summary?.first ?? null,
      last_taken_at: summary?.last ?? null,
      cover: previews[0] ?? null,
      previews,
      role: row.role,
      owner: people[0] as AlbumBody['owner'],
      people: people.slice(0, shownPeople),
      member_count: people.length - 1,
      is_pinned: row.is_pinned,
      filter: row.filter,
      link_count: row.link_count,
    };
  });
}

/** What a smart album finds now. */
async function summarizeSmartAlbum(tx: Tx, user: UserCaller, row: AlbumRow): Promise<AlbumSummary> {
  const filter = row.filter ?? {};
  const { items: newest, total } = await listMatching(tx, user.userId, filter, { limit: 3, offset: 0 });
  const oldest = total > newest.length ? await findOldestMatching(tx, user.userId, filter) : newest.at(-1);
  return {
    album_id: row.id,
    photo_count: total,
    first: wallClockOf(oldest),
    last: wallClockOf(newest[0]),
    previews: newest.map((photo) => ({
      id: photo.id,
      blob_hash: photo.blob_hash.toString('hex'),
      placeholder: photo.placeholder?.toString('base64') ?? null,
      width: photo.width,
      height: photo.height,
      kind: photo.kind,
    })),
  };
}

/** The time that the timeline sorts by: the clock on the wall where the photo was taken. */
function wallClockOf(photo: Pick<PhotoRow, 'taken_at' | 'taken_offset'> | undefined): string | null {
  if (!photo) return null;
  return new Date(photo.taken_at.getTime() + (photo.taken_offset ?? 0) * 60_000).toISOString().slice(0, 19);
}
