import type { Kysely } from 'kysely';
import {
  borrowBytes,
  findUploadOf,
  type PhotoTables,
  purgePhotos,
  trashSelected,
  uploadPhoto,
} from '#features/photos/index.ts';
import type { ImportDeps } from './deps.ts';
import { findOwnImported, insertImported, listEarlierIds } from './store.ts';
import type { ImportTables } from './tables.ts';
import { openBelow } from './walk-files.ts';

type Tx = Kysely<PhotoTables & ImportTables>;

const prefix = 'aside/';

/** Names of files that an import kept aside, since nobody was known to own them. */
export async function listAside(
  deps: Pick<ImportDeps, 'database'>,
  system: string,
  adminId: string,
): Promise<string[]> {
  const ids = await deps.database.as({ kind: 'user', id: adminId }, (tx: Tx) =>
    listEarlierIds(tx, adminId, { system, kind: 'photo', prefix }),
  );
  return ids.map((id) => id.slice(prefix.length));
}

/**
 * Gives files that were kept aside to whom they belong. The photo becomes theirs first, and is the administrator's no longer after.
 * @returns how many were given, and the names under which nothing is kept aside (any more)
 */
export async function assignEarlier(
  deps: ImportDeps,
  terms: { system: string; adminId: string; userId: string; names: readonly string[] },
): Promise<{ given: number; unknown: string[] }> {
  const { system, adminId, userId } = terms;
  const admin = { kind: 'user', id: adminId } as const;
  const owner = { kind: 'user', id: userId } as const;
  const unknown: string[] = [];
  let given = 0;
  for (const name of terms.names) {
    const photo = await deps.database.as(admin, async (tx: Tx) => {
      const id = await findOwnImported(tx, adminId, { system, kind: 'photo', earlierId: `${prefix}${name}` });
      if (!id) return undefined;
      return tx
        .selectFrom('photos')
        .select(['id', 'blob_hash', 'filename', 'created_at'])
        .where('id', '=', id)
        .executeTakeFirst();
    });
    if (!photo) {
      unknown.push(name);
      continue;
    }
    if (userId !== adminId) {
      const { path, discard } = await borrowBytes(deps, { hash: photo.blob_hash.toString('hex'), variant: 'original' });
      const slash = path.lastIndexOf('/');
      const file = await openBelow(path.slice(0, slash), path.slice(slash + 1));
      try {
        const remember = (tx: Tx, id: string) =>
          insertImported(tx, { system, kind: 'photo', earlier_id: name, id, owner_id: userId });
        const { row, duplicate } = await uploadPhoto(
          deps,
          {
            principal: owner,
            ownerId: userId,
            findExisting: (tx, hash) => findUploadOf(tx, userId, hash),
            afterKept: (tx, kept) => remember(tx as unknown as Tx, kept.id),
          },
          {
            body: file.body,
            declaredBytes: file.bytes,
            label: () => ({ filename: photo.filename, modifiedAt: photo.created_at }),
          },
        );
        if (duplicate) await deps.database.as(owner, (tx: Tx) => remember(tx, row.id));
      } finally {
        await file.close();
        await discard();
      }
      await deps.database.as(admin, async (tx: Tx) => {
        await trashSelected(tx, adminId, { ids: [photo.id] }, new Date());
        await purgePhotos(tx, adminId, [photo.id]);
      });
    }
    given += 1;
  }
  return { given, unknown };
}
