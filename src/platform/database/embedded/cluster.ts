import { spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { PostgresBinaries } from './binaries.ts';
import { EmbeddedPostgresError, explainFailure } from './postgres-error.ts';
import { clusterOwner } from './postmaster-file.ts';
import type { RunAs } from './run-as.ts';

export interface ClusterPlace {
  readonly dataDir: string;
  readonly clusterDir: string;
  readonly binaries: PostgresBinaries;
  readonly runAs: RunAs;
  /** false: no fsync, for databases that tests throw away. */
  readonly durable: boolean;
}

/**
 * Makes the cluster where there is none. It is made beside its place and renamed into it, so that a crash or a full
 * disk never leaves half a cluster there. The caller holds the start lock.
 * @returns whether it was made now
 */
export async function ensureCluster(place: ClusterPlace): Promise<boolean> {
  await removeUnfinished(place.dataDir);
  if (await exists(path.join(place.clusterDir, 'PG_VERSION'))) return false;
  const entries = await readdir(place.clusterDir).catch(() => []);
  if (entries.length > 0) {
    throw new EmbeddedPostgresError(
      `${place.clusterDir} holds files but no PostgreSQL database: restore that folder from a backup, or move it away to begin with an empty library.`,
    );
  }
  const unfinished = await mkdtemp(path.join(place.dataDir, 'postgres.new-'));
  try {
    if (place.runAs.user) await chown(unfinished, place.runAs.user.uid, place.runAs.user.gid);
    await initialize(place, unfinished);
    await rename(unfinished, place.clusterDir);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  return true;
}

async function removeUnfinished(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (name.startsWith('postgres.new-')) await rm(path.join(dataDir, name), { recursive: true, force: true });
  }
}

async function initialize({ binaries, runAs, dataDir, durable }: ClusterPlace, dir: string): Promise<void> {
  const [program = binaries.initdb, ...args] = [
    ...runAs.prefix,
    binaries.initdb,
    `--pgdata=${dir}`,
    `--username=${clusterOwner}`,
    '--auth=trust',
    '--encoding=UTF8',
    // Order and case rules that are the same on every system and stay so when its C library changes.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ];
  const child = spawn(program, args, {
    cwd: '/',
    env: postgresEnvironment(binaries),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...runAs.user,
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(explainFailure(error.message, dataDir)));
    child.once('close', resolve);
  });
  if (code !== 0) throw explainFailure(output, dataDir);
}

/** Nothing of ours: a PGPORT or a LANG in the shell must not change the cluster. */
export function postgresEnvironment(binaries: PostgresBinaries): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...binaries.env };
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
