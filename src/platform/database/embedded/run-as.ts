import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './postgres-error.ts';

/** How PostgreSQL, which refuses to run as root, is started. */
export interface RunAs {
  /** Program and arguments that go before PostgreSQL's own. */
  readonly prefix: readonly string[];
  /** The user that PostgreSQL runs as and that owns its files, when it is not ours. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

// Inside, root is called nobody, so PostgreSQL starts; outside, its files stay root's and a 0700 home is no obstacle.
const namespace = ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--'];

/**
 * Chooses how to run PostgreSQL on the files in `clusterDir` (or, when that is not made yet, in `dataDir`).
 * @throws EmbeddedPostgresError when we are root and there is no other user to be
 */
export async function chooseRunAs(dataDir: string, clusterDir: string): Promise<RunAs> {
  if (process.getuid?.() !== 0) {
    // A container may run under a bare number; inside a namespace it has a name, without which initdb refuses.
    return { prefix: hasName() || !(await namespacesWork()) ? [] : namespace };
  }
  const cluster = await stat(clusterDir).catch(() => undefined);
  // Files of another user are closed to the root of a namespace.
  if (cluster && cluster.uid !== 0) return { prefix: [], user: cluster };
  if (process.platform === 'linux' && (await namespacesWork())) return { prefix: namespace };
  const data = await stat(dataDir);
  if (!cluster && data.uid !== 0) return { prefix: [], user: data };
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root, and this system has no user namespaces: start Tintype as an ordinary user, or give ${cluster ? clusterDir : dataDir} to one (chown -R), or set DATABASE_URL.`,
  );
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

async function namespacesWork(): Promise<boolean> {
  const [program = '', ...args] = namespace;
  try {
    await promisify(execFile)(program, [...args, 'true']);
    return true;
  } catch {
    return false;
  }
}
