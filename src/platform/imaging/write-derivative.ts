import { writeFile } from 'node:fs/promises';
import { AppError } from '#platform/http/app-error.ts';

/** @throws AppError `storage_full` when there is no room for it */
export async function writeDerivative(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOSPC' && cause.code !== 'EDQUOT') throw cause;
    throw new AppError('storage_full', 'The server has no room left for this picture.');
  });
}
