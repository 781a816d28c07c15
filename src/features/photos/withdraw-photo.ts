import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import { sweepBlobs } from './jobs.ts';
import type { PhotoTables } from './tables.ts';
import { withdrawPhoto as withdraw } from './trash-store.ts';

/**
 * Takes back an upload of the caller's that was to be half of something that failed: for good, as if it had never come. What has
 * come to be in an album or was made into something else meanwhile stays.
 * @throws AppError `not_found` for a photo that is not the caller's
 */
export async function withdrawPhoto(
  deps: Pick<PhotoDeps, 'database' | 'jobs' | 'locator'>,
  caller: Caller,
  id: string,
): Promise<void> {
  const user = requireAllowed(caller, 'photo.change');
  await deps.database.as(user.principal, async (tx: Kysely<PhotoTables>) => {
    await requireAccess(tx, user, 'photo.change', [id]);
    if (await withdraw(tx, user.userId, id)) await deps.jobs.send(sweepBlobs, {}, tx);
  });
  deps.locator.forgetOwner(user.userId);
}
