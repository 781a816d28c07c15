import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fchownSync, openSync } from 'node:fs';
import { chown, lstat, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterPlace, postgresEnvironment } from './cluster.ts';
import { EmbeddedPostgresError, explainFailure } from './postgres-error.ts';
import { answersFor, isAlive, mayBePostmaster, type Postmaster, readPostmasterFile } from './postmaster-file.ts';
import { serverSettings } from './settings.ts';

export interface PostmasterPlace extends ClusterPlace {
  /** Where the socket and the locks lie, 0700. */
  readonly runDir: string;
  readonly logFile: string;
  /** On top of {@link serverSettings}. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A PostgreSQL that answers. */
export interface RunningPostmaster extends Postmaster {
  /** The process, when this server started it; undefined when it was running already. */
  readonly child?: ChildProcess;
}

const port = 5432;
// sockaddr_un holds 107 bytes on Linux and 103 on macOS.
const longestSocketPath = 100;
const temporarySocketDir = /^tintype-socket-\w{6}$/;
// Replaying the log after a crash of the machine may take minutes.
const recoveryPatience = 10 * 60_000;
const joinPatience = 60_000;

/**
 * Joins the PostgreSQL that has the cluster open, or starts it. The caller holds the start lock, so no other server
 * starts or stops it meanwhile.
 * @throws EmbeddedPostgresError with one sentence why it does not run
 */
export async function ensurePostmaster(place: PostmasterPlace): Promise<RunningPostmaster> {
  const running = await findRunning(place);
  if (running) return running;
  await clearLeftovers(place);
  await rotateLog(place.logFile);
  const socketDir = await chooseSocketDir(place);
  const deadline = Date.now() + 15_000;
  for (;;) {
    const logStart = await fileSize(place.logFile);
    const child = launch(place, socketDir);
    const found = await untilReady(place, child);
    if (found) return { ...found, child };
    const output = await readFrom(place.logFile, logStart);
    // Its predecessor was killed, and that one's backends have not noticed yet.
    if (!/pre-existing shared memory block/.test(output) || Date.now() > deadline) {
      throw explainFailure(output, place.dataDir);
    }
    await sleep(200);
  }
}

async function findRunning({ clusterDir }: PostmasterPlace): Promise<RunningPostmaster | undefined> {
  const deadline = Date.now() + joinPatience;
  for (;;) {
    const file = await readPostmasterFile(clusterDir);
    if (!file) return undefined;
    if ((await isPrivate(file.socketDir)) && (await answersFor(clusterDir, file))) return file;
    if (!mayBePostmaster(file, clusterDir)) return undefined;
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `Process ${file.pid} has the database in ${clusterDir} open and does not answer: end it, or, if it is not PostgreSQL, delete ${clusterDir}/postmaster.pid, and start again.`,
      );
    }
    await sleep(100);
  }
}

/** A socket in a folder that others may write could be anybody's. */
async function isPrivate(dir: string): Promise<boolean> {
  const found = await lstat(dir).catch(() => undefined);
  return found?.isDirectory() === true && (found.mode & 0o077) === 0;
}

/** What a killed PostgreSQL leaves: believed, its pid would stop the next one once it belongs to somebody else. */
async function clearLeftovers(place: PostmasterPlace): Promise<void> {
  const stale = await readPostmasterFile(place.clusterDir);
  await rm(path.join(place.clusterDir, 'postmaster.pid'), { force: true });
  if (stale) await removeSocketDir(stale.socketDir);
  for (const name of await readdir(place.runDir)) {
    if (name.startsWith('.s.PGSQL.')) await rm(path.join(place.runDir, name), { force: true });
  }
}

/** Removes the socket's folder when it is a temporary one. */
export async function removeSocketDir(dir: string): Promise<void> {
  if (temporarySocketDir.test(path.basename(dir))) await rm(dir, { recursive: true, force: true });
}

async function chooseSocketDir({ runDir, runAs }: PostmasterPlace): Promise<string> {
  const socket = `/.s.PGSQL.${port}`;
  if (Buffer.byteLength(runDir + socket) <= longestSocketPath) return runDir;
  const parent = Buffer.byteLength(tmpdir()) <= 60 ? tmpdir() : '/tmp';
  const dir = await mkdtemp(path.join(parent, 'tintype-socket-'));
  if (runAs.user) await chown(dir, runAs.user.uid, runAs.user.gid);
  return dir;
}

function launch(place: PostmasterPlace, socketDir: string): ChildProcess {
  const settings = {
    ...serverSettings,
    ...(place.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...place.settings,
    port: String(port),
    unix_socket_directories: socketDir,
  };
  const [program = '', ...args] = [
    ...place.runAs.prefix,
    place.binaries.postgres,
    '-D',
    place.clusterDir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const log = openLog(place);
  try {
    const child = spawn(program, args, {
      cwd: '/',
      env: postgresEnvironment(place.binaries),
      stdio: ['ignore', log, log],
      // A session of its own: the terminal's Ctrl+C must not reach it before this server has drained.
      detached: true,
      ...place.runAs.user,
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

function openLog({ logFile, runAs }: PostmasterPlace): number {
  try {
    const log = openSync(logFile, 'a', 0o600);
    if (runAs.user) fchownSync(log, runAs.user.uid, runAs.user.gid);
    return log;
  } catch (error) {
    throw new EmbeddedPostgresError(
      `${logFile} cannot be written (${(error as Error).message}): give the data folder to the user who starts Tintype.`,
    );
  }
}

/** Resolves once `child` answers, or with undefined when it has ended; then the log says why. */
async function untilReady(
  { clusterDir, dataDir }: PostmasterPlace,
  child: ChildProcess,
): Promise<Postmaster | undefined> {
  let ended = false;
  let failure: Error | undefined;
  child.once('exit', () => (ended = true));
  child.once('error', (error) => (failure = error));
  const deadline = Date.now() + recoveryPatience;
  while (!ended) {
    if (failure) throw explainFailure(failure.message, dataDir);
    const file = await readPostmasterFile(clusterDir);
    if (file?.pid === child.pid && file?.status === 'ready' && (await answersFor(clusterDir, file))) return file;
    if (Date.now() > deadline) {
      child.kill('SIGINT');
      throw new EmbeddedPostgresError(`The database in ${dataDir} was not ready after 10 minutes: see postgres.log.`);
    }
    await sleep(10);
  }
  return undefined;
}

/**
 * Stops PostgreSQL: connections end, a checkpoint is written, its files are closed. One that hangs is stopped without
 * the checkpoint; the next start then replays its log, and nothing acknowledged is lost.
 */
export async function stopPostmaster(postmaster: RunningPostmaster): Promise<void> {
  const { pid, clusterDir, socketDir } = postmaster;
  // In another container its pid means nothing here, and it must not be signalled.
  if (!mayBePostmaster(postmaster, clusterDir)) return;
  for (const [signal, patience] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 10_000],
    ['SIGKILL', 5_000],
  ] as const) {
    process.kill(pid, signal);
    const deadline = Date.now() + patience;
    while (isAlive(pid) && Date.now() < deadline) await sleep(10);
    if (!isAlive(pid)) break;
  }
  await removeSocketDir(socketDir);
}

const largestLog = 10 * 1024 * 1024;

async function rotateLog(file: string): Promise<void> {
  if ((await fileSize(file)) > largestLog) await rename(file, `${file}.1`);
}

async function fileSize(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  );
}

async function readFrom(file: string, start: number): Promise<string> {
  const content = await readFile(file).catch(() => Buffer.alloc(0));
  return content.subarray(start).toString('utf8');
}
