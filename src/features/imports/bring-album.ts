import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { type AlbumTables, bringAlbum, coverAlbum, fillAlbum } from '#features/albums/index.ts';
import type { ImportDeps } from './deps.ts';
import type { EarlierWholeAlbum } from './earlier-system.ts';
import { toKeptId } from './kept-id.ts';
import { findOwnImported, findOwnImportedPhotos, insertImported, listEarlierIds, lockImports } from './store.ts';
import type { ImportTables } from './tables.ts';

type Tx = Kysely<AlbumTables & ImportTables>;

/**
 * Makes an album with what came of it, in its order; into one that an import made before goes what has come since. Which photo was put
 * where is written down with it, so that what its owner takes out stays out, and an order that they gave it holds.
 * @returns whether it was made
 */
export function bringAlbumWhole(
  deps: Pick<ImportDeps, 'database'>,
  system: string,
  ownerId: string,
  album: EarlierWholeAlbum,
): Promise<boolean> {
  const wanted = toKeptId(album.earlierId) ?? uuidv7();
  return bring(deps, system, ownerId, album, wanted).catch((error: { code?: string; constraint?: string }) => {
    // Somebody's album has that id here.
    if (error.code !== '23505' || error.constraint !== 'albums_pkey') throw error;
    return bring(deps, system, ownerId, album, uuidv7());
  });
}

function bring(
  deps: Pick<ImportDeps, 'database'>,
  system: string,
  ownerId: string,
  album: EarlierWholeAlbum,
  wantedId: string,
): Promise<boolean> {
  const kind = 'album';
  return deps.database.as({ kind: 'user', id: ownerId }, async (tx: Tx) => {
    await lockImports(tx, ownerId);
    const known = await findOwnImported(tx, ownerId, { system, kind, earlierId: album.earlierId });
    const id = known ?? wantedId;
    if (!known) {
      await bringAlbum(tx, { id, ownerId, name: album.name, description: album.description });
      await insertImported(tx, { system, kind, earlier_id: album.earlierId, id, owner_id: ownerId });
    }
    const prefix = `${album.earlierId}/`;
    const placed = new Set(known ? await listEarlierIds(tx, ownerId, { system, kind, prefix }) : []);
    const coming = album.photos.filter((photo) => !placed.has(prefix + photo));
    const found = await findOwnImportedPhotos(tx, ownerId, system, coming);
    const came = coming.filter((photo) => found.has(photo));
    if (came.length > 0) {
      const ids = came.map((photo) => found.get(photo) as string);
      await fillAlbum(tx, ownerId, id, [...new Set(ids)]);
      const rows = came.map((photo) => ({ system, kind, earlier_id: prefix + photo, id, owner_id: ownerId }) as const);
      await insertImported(tx, rows);
    }
    const cover = album.cover === null || !came.includes(album.cover) ? undefined : found.get(album.cover);
    // Once, with the photo that it is.
    if (cover) await coverAlbum(tx, ownerId, id, cover);
    return !known;
  });
}

/** Whether {@link bringAlbumWhole} would make it. */
export const isNewAlbum = (
  deps: Pick<ImportDeps, 'database'>,
  system: string,
  ownerId: string,
  { earlierId }: EarlierWholeAlbum,
): Promise<boolean> =>
  deps.database.as(
    { kind: 'user', id: ownerId },
    async (tx: Tx) => (await findOwnImported(tx, ownerId, { system, kind: 'album', earlierId })) === undefined,
  );
