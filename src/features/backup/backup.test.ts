import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Pool, type PoolConfig } from 'pg';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { createTestApp, type TestApp, tinyPhoto } from '../../../test/app.ts';
import '../../../test/database-setup.ts';
import { atEnd, createLogin, dropDatabase, run } from '../../../test/isolation/roles.ts';
import { countPromise } from '../../../test/promises.ts';
import { hasRadosgw, startRadosgw } from '../../../test/radosgw.ts';
import { slowness } from '../../../test/slowness.ts';
import { fillLibrary, readFiles, readLibrary, useLibrary } from '../../../test/whole-library.ts';
import { parseConfig } from '../../config.ts';
import { toAddress } from '../../platform/blobs/blob-address.ts';
import type { BlobStore } from '../../platform/blobs/blob-store.ts';
import { openDriver, openPlainStore } from '../../platform/blobs/open-store.ts';
import { type Database, openDatabase } from '../../platform/database/database.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { migrateTo } from '../../platform/database/run-migrations.ts';
import { sweepUnusedBlobs } from '../photos/sweep-blobs.ts';
import { verifyStorage } from '../storage/verify-storage.ts';
import { backupLibrary, openBackupFolder, restoreLibrary } from './index.ts';

const long = 180_000 * slowness;

const superuser = inject('postgres').owner;
type Environment = Readonly<Record<string, string>>;

/** A place for a library: an empty database, an empty folder, and a driver. */
interface Place {
  readonly owner: PoolConfig;
  readonly dataDir: string;
  readonly environment: Environment;
}

const temp = async (what: string): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), `tintype-${what}-`));
  atEnd(() => rm(path, { recursive: true, force: true }));
  return path;
};

/** @param attributes of an owner who is no superuser; without them, the one of all tests */
async function emptyPlace(environment: Environment = {}, attributes?: string): Promise<Place> {
  const name = `tintype_restore_${randomBytes(4).toString('hex')}`;
  const owner = attributes === undefined ? superuser : await createLogin(superuser, attributes);
  await run(superuser, `create database ${name} owner ${owner.user}`);
  atEnd(async () => {
    const role = await appRole({ ...superuser, database: name });
    await dropDatabase(superuser, name);
    if (role) await run(superuser, `drop role if exists ${role}`);
  });
  return { owner: { ...owner, database: name }, dataDir: await temp('restored'), environment };
}

async function appRole(login: PoolConfig): Promise<string | null> {
  const client = new Client(login);
  await client.connect();
  const { rows } = await client
    .query<{ role: string }>('select app_role as role from instance')
    .catch(() => ({ rows: [] }))
    .finally(() => client.end());
  return rows[0]?.role ?? null;
}

const storageOf = ({ dataDir, environment }: Pick<Place, 'dataDir' | 'environment'>) =>
  parseConfig({ TINTYPE_DATA: dataDir, ...environment }).storage;
const openBlobs = (place: Pick<Place, 'dataDir' | 'environment'>) => (database: Database) =>
  openPlainStore(storageOf(place), { dataDir: place.dataDir, database });
const openTarget = (place: Pick<Place, 'dataDir' | 'environment'>) => (database: Database) =>
  openDriver(storageOf(place).driver, storageOf(place), { dataDir: place.dataDir, database });

const seenBy = (place: Place): PoolConfig => ({ ...superuser, database: place.owner.database });

/** What is compared: every row and every file. */
async function readAll(place: Place) {
  const database = openDatabase(seenBy(place), { connections: 2 });
  try {
    const files = await readFiles(seenBy(place), await openBlobs(place)(database));
    return { rows: await readLibrary(seenBy(place)), files };
  } finally {
    await database.close();
  }
}

const backup = (place: Place, dir: string, options: Partial<Parameters<typeof backupLibrary>[1]> = {}) =>
  backupLibrary({ owner: place.owner, openBlobs: openBlobs(place), version: '0.0.0-test' }, { dir, ...options });
const restore = (place: Place, dir: string, snapshot?: string) =>
  restoreLibrary({ owner: place.owner, openBlobs: openTarget(place) }, { dir, ...(snapshot ? { snapshot } : {}) });

/** The real server on a library that was restored. */
async function serve(place: Place): Promise<TestApp> {
  const { app, secret } = await migrate({ owner: place.owner });
  return createTestApp({
    database: { database: undefined as never, app, owner: place.owner, secret },
    dataDir: place.dataDir,
    environment: place.environment,
  });
}

const placeOf = (app: TestApp): Place => ({ owner: app.database.owner, dataDir: app.dataDir, environment: {} });

const bucket = hasRadosgw ? await makeBucket() : null;

async function makeBucket(): Promise<Environment> {
  const server = await startRadosgw();
  afterAll(server.stop);
  await server.createBucket('restored');
  return {
    TINTYPE_STORAGE: 's3',
    S3_ENDPOINT: server.endpoint,
    S3_BUCKET: 'restored',
    S3_ACCESS_KEY_ID: server.accessKeyId,
    S3_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
}

describe('a library goes from driver to driver by its backups, and is the same everywhere', async () => {
  const source = await createTestApp();
  const library = await fillLibrary(source);
  let last = placeOf(source);

  const namesOf = ({ rows, files }: Awaited<ReturnType<typeof readAll>>) => [
    ...Object.entries(rows).flatMap(([table, all]) => all.map((row) => `${table} ${row}`)),
    ...Object.entries(files).map(([name, sha256]) => `${name} ${sha256}`),
  ];
  const goTo = async (place: Place): Promise<void> => {
    const before = await readAll(last);
    const dir = await temp('backup');
    const { manifest, copied } = await backup(last, dir);
    const files = Object.values(before.files);
    expect([manifest.faults, manifest.files.rows]).toEqual([[], files.length]);
    // The sizes of a small picture have the same bytes: they are copied once, or by two at the same moment.
    expect(copied.files).toBeGreaterThanOrEqual(new Set(files).size);
    const report = await restore(place, dir);
    expect(report.driver).toBe(place.environment.TINTYPE_STORAGE ?? 'files');
    const after = await readAll(place);
    const [was, is] = [namesOf(before), new Set(namesOf(after))];
    const what = 'rows, rules and files of a library that went from driver to driver by its backups';
    countPromise({ promise: 9, what, tried: was.length, held: was.filter((name) => is.has(name)).length });
    expect(after).toEqual(before);
    const app = await serve(place);
    await useLibrary(app, library);
    await app.close();
    last = place;
  };

  if (!bucket) test.skip('by way of a bucket: radosgw is not installed', () => {});
  test(
    `from files into PostgreSQL, of an owner who is no superuser, ${bucket ? 'into a bucket ' : ''}and back into files`,
    async () => {
      await goTo(await emptyPlace({ TINTYPE_STORAGE: 'postgres' }, 'createrole'));
      if (bucket) await goTo(await emptyPlace(bucket));
      await goTo(await emptyPlace());
    },
    long,
  );
});

describe('backups of one library', async () => {
  const app = await createTestApp();
  const other = await createTestApp();
  const person = await app.signUp();
  const place = placeOf(app);
  const dir = await temp('backup');
  let seed = 100;
  const upload = async () => app.upload(person, await tinyPhoto((seed += 1)), `photo ${seed}.jpg`);
  const photosIn = async (restored: Place) => {
    const pool = new Pool({ ...seenBy(restored), max: 1 });
    const { rows } = await pool.query('select id from photos order by id').finally(() => pool.end());
    return rows.map(({ id }) => id);
  };
  const first = [await upload(), await upload()];
  const { snapshot: oldest } = await backup(place, dir);

  test('bring only what is not there yet, and leave what came before as it was', async () => {
    const again = await backup(place, dir);
    expect(again.copied).toEqual({ files: 0, bytes: 0 });
    const photo = await upload();
    expect((await backup(place, dir)).copied.files).toBe(4);
    const [now, then] = [await emptyPlace(), await emptyPlace()];
    await restore(now, dir);
    await restore(then, dir, oldest);
    expect(await photosIn(now)).toEqual([...first, photo].map(({ id }) => id));
    expect(await photosIn(then)).toEqual(first.map(({ id }) => id));
    expect((await openBackupFolder(dir)).snapshots).toHaveLength(3);
  });

  test('can be read by nobody else', async () => {
    for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect([entry.name, mode & 0o777]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600]);
    }
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  test('have every photo of their moment, whatever is deleted while they run', async () => {
    const gone = await upload();
    const deps = {
      database: app.database.database,
      blobs: await openBlobs(place)(app.database.database),
      delivery: { forget: () => {} },
    };
    const sweep = () => sweepUnusedBlobs(deps, new AbortController().signal);
    let swept: number | undefined;
    const whileItReads = async (database: Database): Promise<BlobStore> => {
      const store = await openBlobs(place)(database);
      return {
        ...store,
        async open(key) {
          if (swept === undefined) {
            swept = -1;
            await app.request(person, 'DELETE', `/api/v1/photos/${gone.id}`);
            await app.request(person, 'POST', '/api/v1/photos/batch/purge', { json: { ids: [gone.id] } });
            swept = await sweep();
          }
          return store.open(key);
        },
      };
    };
    const { manifest } = await backupLibrary(
      { owner: place.owner, openBlobs: whileItReads, version: '0.0.0-test' },
      { dir },
    );
    expect([swept, manifest.faults]).toEqual([0, []]);
    const restored = await emptyPlace();
    await restore(restored, dir);
    expect(await photosIn(restored)).toContain(gone.id);
    // What waited for the backup goes with the next sweep, by whomever.
    await sweep();
    const pool = new Pool({ ...seenBy(place), max: 1 });
    const { rows } = await pool
      .query('select from blobs where not exists (select from photos where blob_hash = hash)')
      .finally(() => pool.end());
    expect(rows).toEqual([]);
  });

  test(
    'are of one moment, while people upload and delete',
    async () => {
      let busy = true;
      const living = (async () => {
        while (busy) {
          const { id } = await upload();
          await upload();
          await app.request(person, 'DELETE', `/api/v1/photos/${id}`);
          await app.request(person, 'POST', '/api/v1/photos/batch/purge', { json: { ids: [id] } });
        }
      })();
      for (let round = 0; round < 5; round += 1) expect((await backup(place, dir)).manifest.faults).toEqual([]);
      busy = false;
      await living;
      for (const snapshot of (await openBackupFolder(dir)).snapshots.slice(-5)) {
        const restored = await emptyPlace();
        await restore(restored, dir, snapshot);
        const { app: login } = await migrate({ owner: restored.owner });
        const database = openDatabase(login, { connections: 2 });
        const deps = { database, blobs: await openBlobs(restored)(database) };
        const verification = await verifyStorage(deps, { readData: true }).finally(database.close);
        expect(verification).toMatchObject({ faults: [], orphans: 0 });
      }
    },
    long,
  );

  test('take turns', async () => {
    const [one, next] = [await temp('backup'), await temp('backup')];
    let second: Promise<unknown> | undefined;
    await backupLibrary(
      {
        owner: place.owner,
        version: '0.0.0-test',
        openBlobs: async (database) => {
          second ??= Promise.allSettled([backup(place, one)]);
          await expect(backup(place, dir)).rejects.toThrow(/Another backup or restore is working in/);
          return openBlobs(place)(database);
        },
      },
      { dir },
    );
    // It waited for a while, and then had the library to itself.
    expect(await second).toMatchObject([{ status: 'fulfilled' }]);
    expect((await backup(place, next)).manifest.faults).toEqual([]);
  });

  test('name the files that are not whole, and take the rest along', async () => {
    const [missing, changed] = [await upload(), await upload()];
    const pathOf = async ({ id }: { id: string }, variant: 'original' | 'small') => {
      const pool = new Pool({ ...seenBy(place), max: 1 });
      const { rows } = await pool
        .query(`select encode(blob_hash, 'hex') as hash from photos where id = $1`, [id])
        .finally(() => pool.end());
      return { hash: rows[0].hash, path: join(app.dataDir, toAddress({ hash: rows[0].hash, variant })) };
    };
    const [small, original] = [await pathOf(missing, 'small'), await pathOf(changed, 'original')];
    const [thumbnail, bytes] = [await readFile(small.path), await readFile(original.path)];
    await rm(small.path);
    await writeFile(original.path, Buffer.alloc(bytes.length, 7));
    const { manifest, pruned } = await backup(place, dir, { keep: 1 });
    expect(manifest.faults).toHaveLength(2);
    // Older snapshots are not given up for one that is not whole.
    expect(pruned.snapshots).toBe(0);
    expect(manifest.faults).toContainEqual({ hash: small.hash, variant: 'small', what: 'missing' });
    expect(manifest.faults).toContainEqual({ hash: original.hash, variant: 'original', what: 'changed' });
    const restored = await emptyPlace();
    await restore(restored, dir);
    expect(await photosIn(restored)).toContain(changed.id);
    // Once it is whole again, so is the next backup.
    await writeFile(original.path, bytes);
    await writeFile(small.path, thumbnail);
    expect((await backup(place, dir)).manifest.faults).toEqual([]);
  });

  test('are none where the files are not looked for where they are', async () => {
    const into = await temp('backup');
    const elsewhere = { ...place, environment: { TINTYPE_STORAGE: 'postgres' } };
    await expect(backup(elsewhere, into)).rejects.toThrow(
      /The bytes of this library are in files, and TINTYPE_STORAGE says/,
    );
    const otherFolder = { ...place, dataDir: await temp('data') };
    await expect(backup(otherFolder, into)).rejects.toThrow(/None of the files .* TINTYPE_STORAGE/);
    expect((await openBackupFolder(into)).snapshots).toEqual([]);
  });

  test('go on from what an interrupted one left', async () => {
    const into = await temp('backup');
    const stopped = new AbortController();
    const onProgress = ({ done }: { done: number }) => done >= 5 && stopped.abort();
    const signal = stopped.signal;
    await expect(backup(place, into, { onProgress, signal })).rejects.toThrow(/Interrupted: run the backup again/);
    const { snapshots, unfinished } = await openBackupFolder(into);
    expect([snapshots, unfinished.length]).toEqual([[], 1]);
    await expect(restore(await emptyPlace(), into)).rejects.toThrow(/has no complete snapshot/);
    const { resumed, copied, manifest } = await backup(place, into);
    expect(resumed).toEqual(unfinished);
    expect(copied.files).toBeLessThanOrEqual(manifest.files.rows - 5);
    expect((await openBackupFolder(into)).unfinished).toEqual([]);
  });

  test('of which a number is kept, and the files of those alone', async () => {
    await app.request(person, 'DELETE', `/api/v1/photos/${first[0].id}`);
    await app.request(person, 'POST', '/api/v1/photos/batch/purge', { json: { ids: [first[0].id] } });
    const { pruned, manifest } = await backup(place, dir, { keep: 1 });
    expect(pruned.snapshots).toBeGreaterThan(1);
    expect(pruned.files).toBeGreaterThanOrEqual(4);
    const folder = await openBackupFolder(dir);
    expect(folder.snapshots).toHaveLength(1);
    const names = await readdir(folder.blobs, { recursive: true });
    expect(names.filter((name) => /[0-9a-f]{64}$/.test(name))).toHaveLength(manifest.files.rows);
    const restored = await emptyPlace();
    await restore(restored, dir);
    expect(await photosIn(restored)).not.toContain(first[0].id);
  });

  test('go into a folder of their own', async () => {
    const full = await temp('full');
    await writeFile(join(full, 'diary.txt'), 'of somebody');
    await expect(backup(place, full)).rejects.toThrow(/has other files in it/);
    await expect(backup(place, join(full, 'diary.txt'))).rejects.toThrow(/is no folder/);
    await other.signUp();
    // Tests copy one database, and so do their libraries have one secret.
    const pool = new Pool({ ...other.database.owner, max: 1 });
    await pool.query('update instance set secret = $1', [randomBytes(32)]).finally(() => pool.end());
    await expect(backup(placeOf(other), dir)).rejects.toThrow(/backups of another library/);
    await expect(backup(await emptyPlace(), await temp('backup'))).rejects.toThrow(/no library in this database/);
  });
});

test('an owner who is not shown every row of a table is told, and nothing is written', async () => {
  const place = await emptyPlace({}, 'createrole');
  await migrate({ owner: place.owner });
  await run(
    place.owner,
    'create table diaries (id int)',
    'alter table diaries enable row level security',
    'alter table diaries force row level security',
  );
  const dir = await temp('backup');
  await expect(backup(place, dir)).rejects.toThrow(/is not shown every row of diaries/);
  expect((await openBackupFolder(dir)).snapshots).toEqual([]);
  await run(place.owner, `create policy owner_all on diaries to current_user using (true)`);
  expect((await backup(place, dir)).manifest.tables.map(({ name }) => name)).toContain('diaries');
});

const disk = await mountSmallDisk();
const crowded = await createTestApp();
test.skipIf(!disk)(
  `a full disk is told of, and leaves no snapshot${disk ? '' : ': mounting one is for root'}`,
  async () => {
    const person = await crowded.signUp();
    for (const seed of [800, 801, 802])
      await crowded.upload(person, Buffer.concat([await tinyPhoto(seed), randomBytes(200_000)]));
    const dir = join(disk ?? '', 'backup');
    await expect(backup(placeOf(crowded), dir)).rejects.toThrow(
      /There is no room left for .*; it goes on where it was/,
    );
    const { snapshots, unfinished, tmp } = await openBackupFolder(dir);
    expect([snapshots, unfinished.length, await readdir(tmp)]).toEqual([[], 1, []]);
  },
);

async function mountSmallDisk(): Promise<string | null> {
  const path = await temp('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return null;
  }
  afterAll(() => void execFileSync('umount', ['-l', path]));
  return path;
}

describe('a restore refuses, and leaves an empty library', async () => {
  const app = await createTestApp();
  const served = await createTestApp();
  const person = await app.signUp();
  await app.upload(person, await tinyPhoto(700));
  await app.upload(person, await tinyPhoto(701));
  const place = placeOf(app);

  /** A backup of its own, to do something to. */
  const freshBackup = async () => {
    const dir = await temp('backup');
    const { snapshot } = await backup(place, dir);
    const folder = await openBackupFolder(dir);
    const someFile = (await readdir(folder.blobs, { recursive: true })).find((name) => /[0-9a-f]{64}$/.test(name));
    return { dir, folder, snapshot, someFile: join(folder.blobs, someFile ?? '') };
  };
  const countPeople = async ({ owner }: Place): Promise<number> => {
    const pool = new Pool({ ...owner, max: 1 });
    const { rows } = await pool
      .query('select count(*)::int as n from users')
      .catch(() => ({ rows: [{ n: 0 }] }))
      .finally(() => pool.end());
    return rows[0].n;
  };
  const flip = async (path: string): Promise<void> => {
    const bytes = await readFile(path);
    bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
    await writeFile(path, bytes);
  };
  const expectRefusal = async (dir: string, sentence: RegExp, snapshot?: string): Promise<void> => {
    const to = await emptyPlace();
    await expect(restore(to, dir, snapshot)).rejects.toThrow(sentence);
    expect(await countPeople(to)).toBe(0);
  };

  test('a damaged table, list or manifest', async () => {
    for (const damaged of [['tables', 'photos.copy.gz'], ['files.gz']]) {
      const { dir, folder, snapshot } = await freshBackup();
      await flip(folder.pathOf(snapshot, ...damaged));
      await expectRefusal(dir, /is damaged: nothing was restored/);
      await rm(folder.pathOf(snapshot, ...damaged));
      await expectRefusal(dir, /is missing: nothing was restored/);
    }
    const { dir, folder, snapshot } = await freshBackup();
    const path = folder.pathOf(snapshot, 'manifest.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/"rows": \d+/, '"rows": 41'));
    await expectRefusal(dir, /The manifest of the snapshot .* is damaged/);
    await writeFile(path, text.slice(0, 100));
    await expectRefusal(dir, /The manifest of the snapshot .* is damaged/);
  });

  test('a damaged file, once it is mended by the next backup a restore goes on', async () => {
    const { dir, someFile } = await freshBackup();
    await flip(someFile);
    const to = await emptyPlace();
    await expect(restore(to, dir)).rejects.toThrow(/of the backup is damaged, and no library was restored/);
    expect(await countPeople(to)).toBe(0);
    await truncate(someFile, 3);
    await expect(restore(to, dir)).rejects.toThrow(/are missing or short in/);
    expect((await backup(place, dir)).copied.files).toBe(1);
    const { kept } = await restore(to, dir);
    expect(kept).toBeGreaterThan(0);
    expect(await readAll(to)).toEqual(await readAll(place));
  });

  test('a folder that is none, and snapshots that are not there', async () => {
    await expectRefusal(await temp('empty'), /is no backup of Tintype/);
    await expectRefusal('/nowhere/at/all', /There is no folder/);
    const { dir } = await freshBackup();
    await expectRefusal(dir, /There is no snapshot .*--list/, '2001-01-01T00-00-00Z');
    await expectRefusal(dir, /There is no snapshot/, '../../etc');
  });

  test('a snapshot of a newer version', async () => {
    const { dir, folder, snapshot } = await freshBackup();
    const path = folder.pathOf(snapshot, 'manifest.json');
    const manifest = await folder.manifest(snapshot);
    const { writeManifest } = await import('./snapshot-manifest.ts');
    await writeFile(path, writeManifest({ ...manifest, migrations: [...manifest.migrations, '9999-tomorrow'] }));
    await expectRefusal(dir, /was made by a newer Tintype/);
  });

  test('an owner who could not make the login that servers work under', async () => {
    const { dir } = await freshBackup();
    const to = await emptyPlace({}, 'nocreaterole');
    await expect(restore(to, dir)).rejects.toThrow(/CREATEROLE.*APP_DATABASE_URL/);
    expect(await countPeople(to)).toBe(0);
  });

  test('a library in which people are, and one that is served', async () => {
    const { dir } = await freshBackup();
    await expect(restore(place, dir)).rejects.toThrow(/There are people in this library already.*TINTYPE_DATA/);
    await expect(restore(placeOf(served), dir)).rejects.toThrow(/A server is running on this library/);
  });
});

describe('a snapshot of an older version', async () => {
  const old = await emptyPlace();
  await migrateTo(old.owner, '0008-sharing');
  await run(
    old.owner,
    `insert into instance (secret) values (decode('${randomBytes(32).toString('hex')}', 'hex'))`,
    `insert into users (id, username, role) values ('01890000-0000-7000-8000-000000000000', 'early', 'admin')`,
  );
  const dir = await temp('backup');
  await backup(old, dir);

  test('is restored as it was and then brought up to date', async () => {
    const to = await emptyPlace();
    await restore(to, dir);
    const rows = await readLibrary(seenBy(to));
    expect(rows.users).toHaveLength(1);
    expect((await openBackupFolder(dir)).snapshots).toHaveLength(1);
    expect(rows.rules).toContainEqual(expect.stringContaining('stored_blobs'));
  });

  test('does not go into a database that was set up for a newer one', async () => {
    const to = await emptyPlace();
    await migrate({ owner: to.owner });
    await expect(restore(to, dir)).rejects.toThrow(/was set up for a newer version/);
  });
});
