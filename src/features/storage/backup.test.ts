import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Client, Pool, type PoolConfig } from 'pg';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { createTestApp, type TestApp, tinyPhoto } from '../../../test/app.ts';
import '../../../test/database-setup.ts';
import { atEnd, createLogin, dropDatabase, run } from '../../../test/isolation/roles.ts';
import { hasRadosgw, startRadosgw } from '../../../test/radosgw.ts';
import { fillLibrary, readFiles, readLibrary, useLibrary } from '../../../test/whole-library.ts';
import { parseConfig } from '../../config.ts';
import { toAddress } from '../../platform/blobs/blob-address.ts';
import type { BlobStore } from '../../platform/blobs/blob-store.ts';
import { openBlobStore } from '../../platform/blobs/open-store.ts';
import { createDatabase, type Database } from '../../platform/database/database.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { migrateTo } from '../../platform/database/run-migrations.ts';
import { sweepUnusedBlobs } from '../photos/sweep-blobs.ts';
import { backupLibrary, openBackupFolder, restoreLibrary } from './index.ts';

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

const openBlobs =
  ({ dataDir, environment }: Pick<Place, 'dataDir' | 'environment'>) =>
  (database: Database) =>
    openBlobStore(parseConfig({ TINTYPE_DATA: dataDir, ...environment }).storage, {
      dataDir,
      database,
      cacheBytes: null,
    });

const seenBy = (place: Place): PoolConfig => ({ ...superuser, database: place.owner.database });

/** What is compared: every row and every file. */
async function readAll(place: Place) {
  const pool = new Pool({ ...seenBy(place), max: 2 });
  try {
    const files = await readFiles(seenBy(place), await openBlobs(place)(createDatabase({ pool })));
    return { rows: await readLibrary(seenBy(place)), files };
  } finally {
    await pool.end();
  }
}

const backup = (place: Place, dir: string, options: Partial<Parameters<typeof backupLibrary>[1]> = {}) =>
  backupLibrary({ owner: place.owner, openBlobs: openBlobs(place), version: '0.0.0-test' }, { dir, ...options });
const restore = (place: Place, dir: string, snapshot?: string) =>
  restoreLibrary({ owner: place.owner, openBlobs: openBlobs(place) }, { dir, ...(snapshot ? { snapshot } : {}) });

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
  const { endpoint, stop, ...credentials } = server;
  afterAll(stop);
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'restored' }));
  client.destroy();
  return {
    TINTYPE_STORAGE: 's3',
    S3_ENDPOINT: endpoint,
    S3_BUCKET: 'restored',
    S3_ACCESS_KEY_ID: credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

describe('a library goes from driver to driver by its backups, and is the same everywhere', async () => {
  const source = await createTestApp();
  const library = await fillLibrary(source);
  let last = placeOf(source);

  const goTo = async (place: Place): Promise<void> => {
    const before = await readAll(last);
    const dir = await temp('backup');
    const { manifest, copied } = await backup(last, dir);
    expect([manifest.faults, copied.files, manifest.files.rows]).toEqual([
      [],
      Object.keys(before.files).length,
      Object.keys(before.files).length,
    ]);
    const report = await restore(place, dir);
    expect(report.driver).toBe(place.environment.TINTYPE_STORAGE ?? 'files');
    expect(await readAll(place)).toEqual(before);
    const app = await serve(place);
    await useLibrary(app, library);
    await app.close();
    last = place;
  };

  test('from files into PostgreSQL, by an owner who is no superuser', async () => {
    await goTo(await emptyPlace({ TINTYPE_STORAGE: 'postgres' }, 'createrole'));
  });
  if (bucket) test('from PostgreSQL into a bucket', async () => goTo(await emptyPlace(bucket)));
  else test.skip('from PostgreSQL into a bucket: radosgw is not installed', () => {});
  test('from there into files', async () => goTo(await emptyPlace()));
});
