import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase } from '../../../../test/database.ts';
import { ImportError } from '../import-error.ts';
import { openRows, type Rows } from './rows.ts';

const { owner } = await createTestDatabase();
const folder = await mkdtemp(join(tmpdir(), 'tintype-rows-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const file = join(folder, 'old.db');
const { host, port, user, password, database } = owner;
const address = `postgres://${encodeURIComponent(user ?? '')}:${encodeURIComponent(String(password ?? ''))}@/${database}?host=${encodeURIComponent(host ?? '')}&port=${port}`;

// More than two pages, across numbers whose texts are in another order.
const many = 1203;
const ids = Array.from({ length: many }, (_, n) => n * 7 + 3);
const uuidOf = (n: number) => `${n.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;

beforeAll(async () => {
  const db = new DatabaseSync(file);
  db.exec(
    'begin; create table numbered (id integer primary key, data blob); create table named (id char(36) primary key)',
  );
  const [numbered, named] = [
    db.prepare('insert into numbered values (?, ?)'),
    db.prepare('insert into named values (?)'),
  ];
  for (const id of ids.toReversed()) {
    numbered.run(id, Buffer.from(`row ${id}`));
    named.run(uuidOf(id));
  }
  db.exec('commit');
  db.close();
  const client = new Client(owner);
  await client.connect();
  await client.query(
    'create table numbered (id serial primary key, data bytea); create table named (id uuid primary key)',
  );
  await client.query(`insert into numbered select n, convert_to('row ' || n, 'UTF8') from unnest($1::int[]) n`, [
    ids.toReversed(),
  ]);
  await client.query('insert into named select n from unnest($1::uuid[]) n', [ids.toReversed().map(uuidOf)]);
  await client.end();
});

const idsOf = async (rows: Rows, table: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { id } of rows.read(table, ['id', 'no such'], 'id')) found.push(id ?? '');
  return found;
};

describe.each([
  ['SQLite', file],
  ['Postgres', address],
])('rows of %s', (_, from) => {
  test('come each once and in order, however many pages they are', async () => {
    const rows = await openRows(from);
    expect(await idsOf(rows, 'numbered')).toEqual(ids.map(String));
    expect(await idsOf(rows, 'named')).toEqual(ids.map(uuidOf));
    await rows.close();
  });

  test('come while others are read', async () => {
    const rows = await openRows(from);
    let found = 0;
    for await (const { id } of rows.read('numbered', ['id'], 'id')) {
      if ((found += 1) % 400 === 0)
        expect(await rows.bytes('numbered', 'data', id ?? '')).toEqual(Buffer.from(`row ${id}`));
    }
    expect(found).toBe(many);
    await rows.close();
  });

  test('that cannot be read are said', async () => {
    const rows = await openRows(from);
    await expect(idsOf(rows, 'no such')).rejects.toThrow(ImportError);
    await rows.close();
  });
});

test('a database that is lost meanwhile ends the next question with what to do', async () => {
  const rows = await openRows(address);
  const reading = rows.read('numbered', ['id'], 'id');
  await reading.next();
  const outside = new Client(owner);
  await outside.connect();
  const others = `from pg_stat_activity where application_name = 'tintype import' and datname = current_database()`;
  await outside.query(`select pg_terminate_backend(pid) ${others}`);
  await expect.poll(async () => (await outside.query(`select pid ${others}`)).rowCount).toBe(0);
  await outside.end();
  const rest = async () => {
    for await (const _ of reading);
  };
  await expect(rest()).rejects.toThrow('Run the same command again');
  await rows.close();
});

test('a server that takes the connection and says nothing is not waited for', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const silent = `postgres://someone:secret@127.0.0.1:${(server.address() as AddressInfo).port}/none`;
  await expect(openRows(silent, { connectMs: 50 })).rejects.toThrow('does not answer');
  for (const socket of sockets) socket.destroy();
  server.close();
});

test.each(['#', '/', '?', '9#', '%ff'])(
  'an address whose password has a bare %s says how to write it',
  async (sign) => {
    const opening = openRows(`postgres://ines:se${sign}cret@localhost/pinit`, { connectMs: 50 });
    await expect(opening).rejects.toThrow(ImportError);
    await expect(opening).rejects.toThrow('# as %23');
    await expect(opening).rejects.not.toThrow('cret');
  },
);

test('an address that names a certificate which is not there says so', async () => {
  const opening = openRows('postgres://ines@localhost/pinit?sslrootcert=/no/such.pem');
  await expect(opening).rejects.toThrow(ImportError);
  await expect(opening).rejects.toThrow('/no/such.pem');
});

test('an SQLite file that cannot be opened is said', async () => {
  // Whoever runs the tests may read every file; SQLite takes no path as long as this.
  const deep = join(folder, ...Array.from({ length: 3 }, () => 'x'.repeat(200)));
  await mkdir(deep, { recursive: true });
  await writeFile(join(deep, 'old.db'), '');
  await expect(openRows(join(deep, 'old.db'))).rejects.toThrow(ImportError);
});

test('nothing is written beside an SQLite file, whatever its mode is', async () => {
  const own = await mkdtemp(join(folder, 'beside-'));
  const path = join(own, 'old.db');
  const db = new DatabaseSync(path);
  db.exec('pragma journal_mode = wal; create table numbered (id integer primary key); insert into numbered values (7)');
  db.close();
  const before = await readFile(path);
  const rows = await openRows(path);
  expect(await idsOf(rows, 'numbered')).toEqual(['7']);
  expect(await readdir(own)).toEqual(['old.db']);
  await rows.close();
  expect(await readdir(own)).toEqual(['old.db']);
  expect(await readFile(path)).toEqual(before);
});

test('what was written last to one that was not closed is read as well', async () => {
  const own = await mkdtemp(join(folder, 'open-'));
  const path = join(own, 'old.db');
  const db = new DatabaseSync(path);
  db.exec('pragma journal_mode = wal; create table numbered (id integer primary key); insert into numbered values (8)');
  const rows = await openRows(path);
  expect(await idsOf(rows, 'numbered')).toEqual(['8']);
  await rows.close();
  db.close();
});

test('a link leads to its SQLite file', async () => {
  const link = join(folder, 'link.db');
  await symlink(file, link);
  const rows = await openRows(link);
  expect(await rows.count('numbered')).toBe(many);
  await rows.close();
});
