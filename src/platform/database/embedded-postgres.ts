import { chmod, chown, mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { Client, type PoolConfig } from 'pg';
import type { BaseLogger } from 'pino';
import { preparePostgresBinaries } from './embedded/binaries.ts';
import { ensureCluster } from './embedded/cluster.ts';
import { type FolderLock, lockFile } from './embedded/folder-lock.ts';
import { EmbeddedPostgresError } from './embedded/postgres-error.ts';
import { ensurePostmaster, type PostmasterPlace, stopPostmaster } from './embedded/postmaster.ts';
import { clusterOwner } from './embedded/postmaster-file.ts';
import { chooseRunAs } from './embedded/run-as.ts';

export interface EmbeddedPostgres {
  /** How to reach the library's database as the owner of the cluster. */
  readonly owner: PoolConfig & { readonly host: string; readonly port: number };
  /** Whether it was running already: started by a second server, or left by one that was killed. */
  readonly joined: boolean;
  /** Resolves when this server no longer uses it; the last one that uses it stops it. Close the pools first. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** TINTYPE_DATA: the cluster is made in its `postgres/`, socket and locks in `run/`, the log is `postgres.log`. */
  dataDir: string;
  logger: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  /** false: no fsync, for databases that tests throw away. */
  durable?: boolean;
  /** PostgreSQL settings on top of ours. */
  settings?: Record<string, string>;
}

const libraryDatabase = 'tintype';
const startPatience = 90_000;

/**
 * Makes the embedded PostgreSQL of a data folder run and counts this server among its users.
 *
 * Two locks in the folder, both dropped by the kernel when their holder dies, keep it in order: whoever starts or stops
 * PostgreSQL holds `run/start.lock`, and every server shares `run/servers.lock` as long as it lives. So the folder is
 * never opened twice, and the server that finds nobody else sharing stops PostgreSQL.
 * @throws EmbeddedPostgresError with one sentence for whoever starts the server
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger } = options;
  const place = await preparePlace(options);
  const startLock = await holdStartLock(place);
  let presence: FolderLock | undefined;
  try {
    const made = await ensureCluster(place);
    const postmaster = await ensurePostmaster(place);
    presence = await lockFile(path.join(place.runDir, 'servers.lock'), 'shared', 1000);
    const reach = { host: postmaster.socketDir, port: postmaster.port, user: clusterOwner };
    await ensureDatabase(reach);
    const joined = !postmaster.child;
    logger.info({ pid: postmaster.pid, made, joined }, joined ? 'Joined the running PostgreSQL' : 'Started PostgreSQL');
    let stopping: Promise<void> | undefined;
    postmaster.child?.once('exit', (code, signal) => {
      if (!stopping)
        logger.error({ code, signal }, 'PostgreSQL ended by itself: see postgres.log, then start Tintype again');
    });
    return {
      owner: { ...reach, database: libraryDatabase },
      joined,
      stop: () => (stopping ??= leave(place, presence, () => stopPostmaster(postmaster))),
    };
  } catch (error) {
    presence?.release();
    throw error;
  } finally {
    startLock.release();
  }
}

async function preparePlace(options: EmbeddedPostgresOptions): Promise<PostmasterPlace> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new EmbeddedPostgresError(`The data folder ${options.dataDir} cannot be made: ${error.message}.`);
  });
  const dataDir = await realpath(options.dataDir);
  const clusterDir = path.join(dataDir, 'postgres');
  const runDir = path.join(dataDir, 'run');
  const runAs = await chooseRunAs(dataDir, clusterDir);
  await makePrivate(runDir, runAs.user).catch((error: Error) => {
    throw new EmbeddedPostgresError(
      `${dataDir} cannot be written (${error.message}): give it to the user who starts Tintype, or set TINTYPE_DATA to another folder.`,
    );
  });
  return {
    dataDir,
    clusterDir,
    runDir,
    runAs,
    logFile: path.join(dataDir, 'postgres.log'),
    binaries: await preparePostgresBinaries(path.join(runDir, 'lib')),
    durable: options.durable ?? true,
    settings: options.settings ?? {},
  };
}

async function makePrivate(dir: string, user?: { uid: number; gid: number }): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  if (user) await chown(dir, user.uid, user.gid);
}

async function holdStartLock({ runDir, dataDir }: PostmasterPlace): Promise<FolderLock> {
  const lock = await lockFile(path.join(runDir, 'start.lock'), 'exclusive', startPatience);
  if (lock) return lock;
  throw new EmbeddedPostgresError(
    `Another Tintype has been starting or stopping in ${dataDir} for ${startPatience / 1000} seconds: end it, and start again.`,
  );
}

/** The schema's own database, so that `postgres` stays as PostgreSQL makes it. The caller holds the start lock. */
async function ensureDatabase(reach: { host: string; port: number; user: string }): Promise<void> {
  const client = new Client({ ...reach, database: 'postgres' });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [libraryDatabase]);
    if (rowCount === 0) await client.query(`create database ${libraryDatabase}`);
  } finally {
    await client.end();
  }
}

async function leave(
  place: PostmasterPlace,
  presence: FolderLock | undefined,
  stopPostgres: () => Promise<void>,
): Promise<void> {
  const startLock = await holdStartLock(place);
  try {
    presence?.release();
    const alone = await lockFile(path.join(place.runDir, 'servers.lock'), 'exclusive', 0);
    if (!alone) return;
    try {
      await stopPostgres();
    } finally {
      alone.release();
    }
  } finally {
    startLock.release();
  }
}
