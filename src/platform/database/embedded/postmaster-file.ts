import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';

/** What a running PostgreSQL writes into its data folder. */
export interface Postmaster {
  readonly pid: number;
  readonly clusterDir: string;
  readonly port: number;
  readonly socketDir: string;
  /** `starting`, `ready`, `stopping`, … */
  readonly status: string;
}

/** The user name that initdb gives the owner of the cluster. */
export const clusterOwner = 'tintype';

/** Reads `postmaster.pid` of a cluster; undefined when there is none or it is not written to its end yet. */
export async function readPostmasterFile(clusterDir: string): Promise<Postmaster | undefined> {
  const text = await readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return {
    pid,
    clusterDir: lines[1] ?? '',
    port: Number(lines[3] ?? 0),
    socketDir: lines[4] ?? '',
    status: (lines[7] ?? '').trim(),
  };
}

/** Whether process `pid` exists and has not ended; a zombie, which only waits to be reaped, has. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return process.platform !== 'linux';
  }
}

/**
 * Whether the process that `postmaster.pid` names can be this cluster's: after a crash the file stays, and its pid may
 * belong to anybody. Where the system does not tell (no /proc), a living process is taken for it.
 */
export function mayBePostmaster({ pid }: Postmaster, clusterDir: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    // A postmaster works in its data folder.
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir);
  } catch {
    return true;
  }
}

/** Whether a server answers at the socket, and it is the one that holds `clusterDir` open. */
export async function answersFor(clusterDir: string, at: { socketDir: string; port: number }): Promise<boolean> {
  if (!at.socketDir.startsWith('/')) return false;
  const client = new Client({
    host: at.socketDir,
    port: at.port,
    user: clusterOwner,
    database: 'postgres',
    connectionTimeoutMillis: 5000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ dir: string }>("select current_setting('data_directory') as dir");
    return realpathSync(rows[0]?.dir ?? '') === realpathSync(clusterDir);
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
