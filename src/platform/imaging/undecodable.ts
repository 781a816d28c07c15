import { AppError } from '#platform/http/app-error.ts';

/** A file that is of a known kind but does not decode. The decoder's own words go to the log alone: they may name paths. */
export function undecodable(message: string, cause?: unknown): AppError {
  return Object.assign(new AppError('undecodable', message), { cause });
}
