/** A backup or a restore that cannot go on: one sentence for whoever started it. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** Says in a sentence what the operating system says in a code; anything else is given back as it is. */
export function explain(error: unknown, dir: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'storage_full':
      return new BackupError(
        `There is no room left for ${dir}: free some space and run it again; it goes on where it was.`,
      );
    case 'EACCES':
    case 'EPERM':
      return new BackupError(
        `${dir} cannot be used (${(error as Error).message}): give it to the account that runs this.`,
      );
    case 'EROFS':
      return new BackupError(`${dir} is on a disk that can only be read: name a folder on another one.`);
    case 'ENOTDIR':
    case 'EEXIST':
      return new BackupError(`${dir} is no folder, or a file stands where one should be: ${(error as Error).message}.`);
    default:
      return error;
  }
}
