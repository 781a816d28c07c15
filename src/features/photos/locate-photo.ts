import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import type { Database } from '#platform/database/database.ts';
import type { Notifications } from '#platform/database/notifications.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { findServable } from './store.ts';
import type { PhotoTables } from './tables.ts';

export interface Located {
  readonly ownerId: string;
  /** sha256 of the original, hex. */
  readonly hash: string;
  readonly filename: string;
  /** In the trash its owner still sees it; others, and addresses that were given out, do not. */
  readonly isTrashed: boolean;
  /** Of what was made here: the digital source type that its file tells once it is taken out. */
  readonly madeSource: string | null;
  /** Media type by variant; a variant that is not there has none. */
  readonly mimeTypes: Readonly<Record<string, string>>;
}

export interface PhotoLocator {
  /**
   * Where a photo's bytes lie, when that is remembered and the caller may read it: so a thumbnail costs no query.
   * @throws AppError `unauthorized`, `forbidden`
   */
  remembered(caller: Caller, photoId: string): Located | undefined;
  /**
   * Where a photo's bytes lie, for one who may read it.
   * @throws AppError `unauthorized`, `forbidden`, `not_found` (foreign and absent alike)
   */
  locate(caller: Caller, photoId: string): Promise<Located>;
  forgetOwner(ownerId: string): void;
  close(): void;
}

const mayRemember = 100_000;
// As the table refuses a foreign one, to the last letter.
const notFound = (id: string): AppError => new AppError('not_found', 'There is no such photo.', { ids: [id] });

/** Ownership is remembered only while the connection lives on which the database announces changes of it. */
export function createPhotoLocator(deps: { database: Database; notifications: Notifications }): PhotoLocator {
  const memory = new Map<string, Located>();
  let generation = 0;

  const forgetOwner = (ownerId: string): void => {
    generation += 1;
    for (const [id, located] of memory) if (located.ownerId === ownerId) memory.delete(id);
  };
  const unsubscribe = deps.notifications.subscribe({
    onAnnouncement({ subject, id }) {
      if (subject === 'photo') {
        generation += 1;
        memory.delete(id);
      }
      if (subject === 'owner' || subject === 'user') forgetOwner(id);
    },
    onCut() {
      generation += 1;
      memory.clear();
    },
  });

  const ask = async (caller: Caller & { kind: 'user' }, photoId: string): Promise<Located> => {
    // What was asked while nothing could be heard is not remembered: what changed in between was never announced.
    const asked = deps.notifications.live ? generation : null;
    const row = await deps.database.as(caller.principal, async (tx: Kysely<PhotoTables>) => {
      const found = await findServable(tx, photoId);
      if (found && found.owner_id !== caller.userId) await requireAccess(tx, caller, 'photo.read', [photoId]);
      return found;
    });
    if (!row) throw notFound(photoId);
    const located = {
      ownerId: row.owner_id,
      hash: row.hash,
      filename: row.filename,
      isTrashed: row.is_trashed,
      madeSource: row.made_source,
      mimeTypes: { ...row.derivatives, original: row.mime_type },
    };
    // What is seen through an album alone is asked for each time: nothing announces to a memory that an album has changed. So is
    // what lies in the trash: whatever takes it out, the next request knows.
    if (row.owner_id === caller.userId && !row.is_trashed && asked === generation && deps.notifications.live) {
      if (memory.size >= mayRemember) memory.delete(memory.keys().next().value as string);
      memory.set(photoId, located);
    }
    return located;
  };

  const remembered: PhotoLocator['remembered'] = (caller, photoId) => {
    const user = requireAllowed(caller, 'photo.read');
    const known = deps.notifications.live ? memory.get(photoId) : undefined;
    // A foreign photo that is remembered takes the way of an absent one, so that time does not tell them apart.
    return known?.ownerId === user.userId ? known : undefined;
  };

  return {
    remembered,
    locate: async (caller, photoId) =>
      remembered(caller, photoId) ?? ask(requireAllowed(caller, 'photo.read'), photoId),
    forgetOwner,
    close: unsubscribe,
  };
}
