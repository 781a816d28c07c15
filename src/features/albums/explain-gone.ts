import { AppError } from '#platform/http/app-error.ts';

/**
 * Whoever was found to see an album, or to own photos, may have lost them before they are written: then the database refuses what
 * refers to them, by a foreign key or by a policy. Anything else is thrown on.
 * @throws AppError `not_found`
 */
export function explainGone(error: unknown): never {
  const { code } = (error ?? {}) as { code?: string };
  if (code !== '23503' && code !== '42501') throw error;
  throw new AppError(
    'not_found',
    'The album, or one of these photos, is gone by now. Nothing was changed; look again.',
  );
}
