import { AppError } from '#platform/http/app-error.ts';

/** Turns the operating system's "no room" into the error that people see; any other error is given back as it is. */
export function asStorageFull(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new AppError('storage_full', 'The server has no room left for this file. Free some space and send it again.');
}
