import type { Kysely } from 'kysely';
import { AppError, type ErrorCode } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import { keepPhoto, ownUploader } from './keep-photo.ts';
import type { PartialFiles } from './partial-files.ts';
import type { PhotoTables } from './tables.ts';
import { findUpload, settleUpload } from './upload-store.ts';

type Deps = Pick<PhotoDeps, 'database' | 'blobs' | 'imaging' | 'jobs'> & { readonly partials: PartialFiles };
type Tx = Kysely<PhotoTables>;

/** Makes photos of resumable uploads that have arrived whole. */
export function createUploadFinisher(deps: Deps) {
  const underWay = new Map<string, Promise<AppError | null>>();

  const finish = async (user: UserCaller, id: string): Promise<AppError | null> => {
    const row = await deps.database.as(user.principal, (tx: Tx) => findUpload(tx, id));
    if (!row || row.status === 'complete') return null;
    if (row.error) return new AppError(row.error.code as ErrorCode, row.error.message, row.error.details);
    const settle = (outcome: Parameters<typeof settleUpload>[2]) =>
      deps.database.as(user.principal, (tx: Tx) => settleUpload(tx, id, outcome));
    try {
      const arrived = {
        path: deps.partials.pathOf(id),
        bytes: Number(row.bytes),
        sha256: await deps.partials.sha256(id),
      };
      const kept = await keepPhoto(deps, ownUploader(user), arrived, {
        filename: row.filename,
        modifiedAt: row.modified_at,
      });
      await settle({ status: 'complete', photo_id: kept.row.id, duplicate: kept.duplicate });
    } catch (error) {
      // What is not the file's fault leaves it as it is, to be finished when the client asks next.
      if (!(error instanceof AppError) || error.code === 'unavailable') throw error;
      await settle({ status: 'failed', error: JSON.stringify(error.toBody().error) });
      await deps.partials.remove(id);
      return error;
    }
    await deps.partials.remove(id);
    return null;
  };

  return {
    /**
     * Hashes what arrived and keeps it, once, however many ask at a time; the outcome stays to be asked for, whatever
     * becomes of the connection. @returns why it was refused, null when it was not
     */
    finish(user: UserCaller, id: string): Promise<AppError | null> {
      const known = underWay.get(id);
      if (known) return known;
      const work = finish(user, id).finally(() => underWay.delete(id));
      underWay.set(id, work);
      return work;
    },
    /** Resolves once the upload is not being finished. */
    async settled(id: string): Promise<void> {
      await underWay.get(id)?.catch(() => {});
    },
  };
}
