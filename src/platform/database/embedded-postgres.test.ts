import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { slowness } from '../../../test/slowness.ts';
import { isAlive, readPostmasterFile } from './embedded/postmaster-file.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

// Whole programs start here, perhaps beside others that do.
vi.setConfig({ testTimeout: 60_000 * slowness });

const logger = pino({ level: 'silent' });
const root = await mkdtemp(path.join(tmpdir(), 'tintype-pg-'));
const opened: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
let count = 0;
let dataDir = '';

beforeEach(() => {
  dataDir = path.join(root, `data-${++count}`);
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const postgres of opened) await postgres.stop();
  await rm(root, { recursive: true, force: true });
});

// The system stays up in these tests, so what is not synced is not lost; syncing would only make them slow.
async function start(dir = dataDir, durable = false): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir: dir, logger, durable });
  opened.push(postgres);
  return postgres;
}

/** Another server on the same folder: a process that starts PostgreSQL, says how, and stops it when told by SIGTERM. */
async function startElsewhere(dir = dataDir, prefix: string[] = []): Promise<{ child: ChildProcess; joined: boolean }> {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(path.join(import.meta.dirname, 'embedded-postgres.ts'))};
    const logger = { info() {}, warn() {}, error() {} };
    try {
      const postgres = await startEmbeddedPostgres({ dataDir: process.argv[1], logger, durable: false });
      process.once('SIGTERM', async () => { await postgres.stop(); process.exit(0); });
      setInterval(() => {}, 1000);
      console.log(postgres.joined ? 'joined' : 'started');
    } catch (error) { console.log(error.name + ': ' + error.message); process.exit(1); }`;
  const [program = '', ...args] = [...prefix, process.execPath, '--input-type=module', '-e', script, dir];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const answer = line.toString().trim();
  if (answer !== 'joined' && answer !== 'started') throw new Error(answer);
  return { child, joined: answer === 'joined' };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function query(postgres: EmbeddedPostgres, text: string): Promise<unknown[]> {
  const client = new Client(postgres.owner);
  await client.connect();
  const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' }).finally(() => client.end());
  return rows.flat();
}

async function pidOf(dir = dataDir): Promise<number> {
  const file = await readPostmasterFile(path.join(dir, 'postgres'));
  return file?.pid ?? Number.NaN;
}

test('makes a UTF-8 cluster, keeps what was written across a stop, and listens to the socket alone', async () => {
  const first = await start(dataDir, true);
  expect(first.joined).toBe(false);
  await query(first, "create table kept as select 'Ünïcode 📷' as text");
  expect(await query(first, 'show listen_addresses')).toEqual(['']);
  expect(await query(first, "select upper('ärger')")).toEqual(['ÄRGER']);
  const pid = await pidOf();
  await first.stop();
  expect(isAlive(pid)).toBe(false);
  const second = await start(dataDir, true);
  expect(second.joined).toBe(false);
  expect(await query(second, 'select text from kept')).toEqual(['Ünïcode 📷']);
  await second.stop();
});

test('nobody else may reach the socket, the data or the log', async () => {
  const postgres = await start();
  for (const name of ['run', 'postgres', 'postgres.log']) {
    expect((await stat(path.join(dataDir, name))).mode & 0o077, name).toBe(0);
  }
  await postgres.stop();
});

test('a start after kill -9 of the server joins the PostgreSQL that still runs', async () => {
  const { child } = await startElsewhere();
  const pid = await pidOf();
  await end(child, 'SIGKILL');
  expect(isAlive(pid)).toBe(true);
  const postgres = await start();
  expect(postgres.joined).toBe(true);
  expect(await pidOf()).toBe(pid);
  // It left nobody behind who shares, so whoever joined stops it.
  await postgres.stop();
  expect(isAlive(pid)).toBe(false);
});

test('two servers that start at the same moment share one PostgreSQL, and the last one out stops it', async () => {
  const servers = await Promise.all([startElsewhere(), startElsewhere(), startElsewhere()]);
  expect(servers.map((server) => server.joined).sort()).toEqual([false, true, true]);
  const pid = await pidOf();
  const [first, second, third] = servers.map((server) => server.child) as [ChildProcess, ChildProcess, ChildProcess];
  await end(first, 'SIGTERM');
  await end(second, 'SIGKILL');
  expect(isAlive(pid)).toBe(true);
  await end(third, 'SIGTERM');
  expect(isAlive(pid)).toBe(false);
});

test('two servers that stop at the same moment leave no PostgreSQL', async () => {
  const servers = await Promise.all([startElsewhere(), startElsewhere()]);
  const pid = await pidOf();
  await Promise.all(servers.map((server) => end(server.child, 'SIGTERM')));
  expect(isAlive(pid)).toBe(false);
});

test('a postmaster.pid whose process is somebody else is not believed', async () => {
  const { child } = await startElsewhere();
  const file = path.join(dataDir, 'postgres', 'postmaster.pid');
  const pid = await pidOf();
  process.kill(pid, 'SIGKILL');
  await end(child, 'SIGKILL');
  const left = await readFile(file, 'utf8');
  // After a reboot the pid belongs to another process of ours.
  await writeFile(file, left.replace(/^\d+/, String(process.pid)));
  await writeFile(path.join(dataDir, 'run', '.s.PGSQL.5432.lock'), `${process.pid}\n`);
  const postgres = await start();
  expect(postgres.joined).toBe(false);
  expect(await query(postgres, 'select 1')).toEqual([1]);
  await postgres.stop();
});

test('a killed PostgreSQL with live connections is started again', async () => {
  const first = await start(dataDir, true);
  await query(first, 'create table kept as select 7 as number');
  const connected = new Client(first.owner);
  connected.on('error', () => {});
  await connected.connect();
  process.kill(await pidOf(), 'SIGKILL');
  const second = await start(dataDir, true);
  expect(await query(second, 'select number from kept')).toEqual([7]);
  await first.stop();
  await second.stop();
});

test('where the path is too long for a socket, it lies in the temp folder', async () => {
  const long = path.join(root, 'l'.repeat(60), 'ö'.repeat(30));
  const postgres = await start(long);
  expect(postgres.owner.host.startsWith(tmpdir())).toBe(true);
  expect((await stat(postgres.owner.host)).mode & 0o777).toBe(0o700);
  const { child, joined } = await startElsewhere(long);
  expect(joined).toBe(true);
  await postgres.stop();
  await end(child, 'SIGTERM');
  await expect(stat(postgres.owner.host)).rejects.toThrow('ENOENT');
});

test('an initialization that was cut off leaves nothing that the next one trips over', async () => {
  await mkdir(path.join(dataDir, 'postgres.new-cutoff'), { recursive: true });
  await writeFile(path.join(dataDir, 'postgres.new-cutoff', 'PG_VERSION'), '18');
  const postgres = await start();
  await postgres.stop();
  expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log', 'run']);
});

test('what is no database, or a damaged one, is refused with one sentence', async () => {
  await mkdir(path.join(dataDir, 'postgres'), { recursive: true, mode: 0o700 });
  await writeFile(path.join(dataDir, 'postgres', 'holiday.jpg'), 'x');
  await expect(start()).rejects.toThrow(/holds files but no PostgreSQL database/);
  expect(await readdir(path.join(dataDir, 'postgres'))).toEqual(['holiday.jpg']);

  const damaged = path.join(root, 'damaged');
  await (await start(damaged)).stop();
  await rm(path.join(damaged, 'postgres', 'global', 'pg_control'));
  await expect(start(damaged)).rejects.toThrow(/is damaged: restore that folder from a backup/);
});

test.runIf(process.getuid?.() === 0)('as root in a 0700 home', async () => {
  const home = path.join(root, 'home');
  await mkdir(home, { mode: 0o700 });
  const postgres = await start(path.join(home, 'data'));
  expect(await query(postgres, 'select current_user::text')).toEqual(['tintype']);
  await postgres.stop();
});

const ordinary = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
// Only root can become somebody else, and who that is must be able to read the project: a clone in a closed folder is not.
const canBeOrdinary =
  process.getuid?.() === 0 &&
  spawnSync(ordinary[0] as string, [
    ...ordinary.slice(1),
    'test',
    '-r',
    path.join(import.meta.dirname, 'embedded-postgres.ts'),
  ]).status === 0;
if (canBeOrdinary) {
  test('as an ordinary user, and then as root on that user’s folder', async () => {
    await chmod(root, 0o711);
    await mkdir(dataDir, { mode: 0o700 });
    await chown(dataDir, 65534, 65534);
    const { child } = await startElsewhere(dataDir, ordinary);
    await end(child, 'SIGTERM');
    const owner = (await stat(path.join(dataDir, 'postgres'))).uid;
    expect(owner).toBe(65534);
    const postgres = await start();
    expect(await query(postgres, 'select 1')).toEqual([1]);
    await postgres.stop();
    expect((await stat(path.join(dataDir, 'postgres', 'global', 'pg_control'))).uid).toBe(65534);
  });
}
