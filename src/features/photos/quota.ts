import type { Kysely } from 'kysely';
import type { Database } from '#platform/database/database.ts';
import type { Principal } from '#platform/database/principal.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { PhotoTables } from './tables.ts';
import { requireRoom, requireUploadRoom } from './upload-store.ts';

type Tx = Kysely<PhotoTables>;

/** As the database tells them to the owner. */
interface Figures {
  limit_bytes: number | null;
  used_bytes: number;
  limit_photos: number | null;
  used_photos: number;
}

/** Uploads that were begun and not finished, by one person at a time. */
const mayBeUnfinished = 1000;

/**
 * Refuses a file that cannot fit before any of it is read. Uploads that come together may all pass here: what decides is
 * the counter, when a photo is added.
 * @param bytes of the file; where its size is not known, that there is any room at all is asked
 * @param photos how many they are of
 * @throws AppError `quota_exceeded`
 */
export async function requireQuota(
  deps: { database: Database },
  { principal, ownerId }: { principal: Principal; ownerId: string },
  bytes: number | undefined,
  photos = 1,
): Promise<void> {
  await deps.database.as(principal, (tx: Tx) => requireRoom(tx, ownerId, bytes || 1, photos)).catch(explainQuota);
}

/**
 * As {@link requireQuota}, for an upload that is announced: what was announced before and is not here yet counts too.
 * @throws AppError `quota_exceeded`, `rate_limited` when too many are unfinished
 */
export async function requireUploadQuota(tx: Tx, ownerId: string, bytes: number): Promise<void> {
  const unfinished = await requireUploadRoom(tx, ownerId, bytes).catch((error) => explainQuota(error, bytes));
  if (unfinished >= mayBeUnfinished) {
    throw new AppError(
      'rate_limited',
      `You have begun ${mayBeUnfinished} uploads and not finished them. Finish or cancel some; the rest is forgotten after a day.`,
    );
  }
}

/**
 * Turns the counter's refusal into what a person can act on; anything else is thrown on. Guests hear no figures.
 * @param announced bytes that would fit, were it not for other uploads that are under way
 */
export function explainQuota(error: unknown, announced?: number): never {
  const { code, detail } = (error ?? {}) as { code?: string; detail?: string };
  if (code !== 'TT010') throw error;
  if (!detail) {
    throw new AppError('quota_exceeded', 'Whoever shared this has no room left for more photos. Tell them.');
  }
  const figures = JSON.parse(detail) as Figures;
  throw new AppError('quota_exceeded', toSentence(figures, announced), { ...figures });
}

function toSentence(figures: Figures, announced: number | undefined): string {
  const {
    limit_bytes: limitBytes,
    used_bytes: usedBytes,
    limit_photos: limitPhotos,
    used_photos: usedPhotos,
  } = figures;
  const bytesFit = limitBytes === null || usedBytes + (announced ?? 0) <= limitBytes;
  const photosFit = limitPhotos === null || usedPhotos < limitPhotos;
  if (announced !== undefined && bytesFit && photosFit) {
    return 'Uploads that you have begun take up the room that is left. Let them finish, or cancel some.';
  }
  const way = 'Empty the trash, which counts as well, or ask an administrator for more room.';
  if (!photosFit)
    return `You may keep ${limitPhotos} ${limitPhotos === 1 ? 'photo' : 'photos'}, and have ${usedPhotos}. ${way}`;
  return `Your photos may take up ${toSize(limitBytes ?? 0)}, and take up ${toSize(usedBytes)}. ${way}`;
}

function toSize(bytes: number): string {
  const [unit, name] =
    bytes >= 1e9 ? [1e9, 'GB'] : bytes >= 1e6 ? [1e6, 'MB'] : bytes >= 1e3 ? [1e3, 'kB'] : [1, 'bytes'];
  return `${Math.round((bytes / unit) * 10) / 10} ${name}`;
}
