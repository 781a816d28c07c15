import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { presentPerson } from '#features/accounts/index.ts';
import { createPresenter, findPhotos, listMatching, selectMatchingIds } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import type { AlbumDeps } from './deps.ts';
import { type AlbumBody, presentAlbums } from './present-album.ts';
import * as store from './store.ts';
import type { AlbumTables } from './tables.ts';

type Tx = Kysely<AlbumTables>;
type Page = { limit: number; offset: number };

/** The albums that are the caller's, and those they belong to, last changed first. */
export async function listAlbums(deps: AlbumDeps, caller: Caller, request: store.AlbumFilter & Page) {
  const user = requireAllowed(caller, 'album.list');
  const { limit, offset, ...filter } = request;
  return deps.database.as(user.principal, async (tx: Tx) => {
    const { items, total } = await store.listAlbums(tx, user.userId, filter, { limit, offset });
    return { items: await presentAlbums(tx, deps, user, items), total, limit, offset };
  });
}

/** @throws AppError `not_found` */
export async function readAlbum(deps: AlbumDeps, caller: Caller, id: string): Promise<AlbumBody> {
  const user = requireAllowed(caller, 'album.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.read', [id]);
    return readOne(tx, deps, user, id);
  });
}

/** An album within a transaction that has already asked for access. @throws AppError `not_found` */
export async function readOne(tx: Tx, deps: Pick<AlbumDeps, 'signedUrls'>, user: UserCaller, id: string) {
  const row = await store.findAlbum(tx, user.userId, id);
  const [album] = row ? await presentAlbums(tx, deps, user, [row]) : [];
  if (!album) throw new AppError('not_found', 'There is no such album.');
  return album;
}

/** The order of an album's photos, and who added each; a smart album's are in the order of the timeline. */
async function placesOf(tx: Tx, userId: string, album: store.AlbumRow) {
  if (!album.filter) return store.listPlaces(tx, album.id, { limit: null, offset: 0 });
  const ids = await selectMatchingIds(tx, userId, { filter: album.filter });
  return ids.map((id) => ({ photo_id: id, added_by: null }));
}

async function requireAlbum(tx: Tx, caller: Caller, id: string): Promise<store.AlbumRow> {
  const user = await requireAccess(tx, caller, 'album.read', [id]);
  const album = await store.findAlbum(tx, user.userId, id);
  if (!album) throw new AppError('not_found', 'There is no such album.');
  return album;
}

/** A page of an album's photos in its order, with who added each. @throws AppError `not_found` */
export async function listAlbumPhotos(deps: AlbumDeps, caller: Caller, id: string, page: Page) {
  const user = requireAllowed(caller, 'album.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    const album = await requireAlbum(tx, caller, id);
    if (album.filter) {
      const { items, total } = await listMatching(tx, user.userId, album.filter, page);
      const { photo } = createPresenter(deps, user);
      return { items: items.map((row) => ({ ...photo(row), added_by: null, added_at: null })), total, ...page };
    }
    const places = await store.listPlaces(tx, id, page);
    const rows = await findPhotos(
      tx,
      places.map((place) => place.photo_id),
    );
    const total = await store.countPhotos(tx, id);
    const people = new Map((await peopleOf(tx, id)).map((person) => [person.id, person]));
    const placeOf = new Map(places.map((place) => [place.photo_id, place]));
    const present = createPresenter(deps, user);
    return {
      items: rows.map((row) => {
        const place = placeOf.get(row.id);
        return {
          ...present.photo(row),
          added_by: people.get(place?.added_by ?? '') ?? null,
          added_at: place?.added_at?.toISOString() ?? null,
        };
      }),
      total,
      ...page,
    };
  });
}

/** A whole album in columns, for drawing it: ten thousand photos are a megabyte, compressed. @throws AppError `not_found` */
export async function readAlbumLayout(deps: AlbumDeps, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'album.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    const album = await requireAlbum(tx, caller, id);
    const places = await placesOf(tx, user.userId, album);
    const rows = await findPhotos(
      tx,
      places.map((place) => place.photo_id),
    );
    const adder = new Map(places.map((place) => [place.photo_id, place.added_by]));
    return {
      ...createPresenter(deps, user).columns(rows),
      added_by: album.filter ? [] : rows.map((row) => adder.get(row.id) ?? null),
      people: await peopleOf(tx, id),
    };
  });
}

async function peopleOf(tx: Tx, albumId: string): Promise<AlbumBody['people']> {
  const members = await store.listMembers(tx, albumId);
  return members.map((member) => presentPerson({ ...member, id: member.user_id }));
}
