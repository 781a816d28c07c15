import { createHash } from 'node:crypto';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../test/app.ts';
import { toAddress } from '../../platform/blobs/blob-address.ts';
import type { BlobVariant } from '../../platform/blobs/blob-store.ts';
import { createFilesStore } from '../../platform/blobs/files-store.ts';
import { verifyStorage } from './verify-storage.ts';

const app = await createTestApp();
const deps = { database: app.database.database, blobs: createFilesStore({ dataDir: app.dataDir }) };
const hashes: string[] = [];
const pathOf = (n: number, variant: BlobVariant) =>
  join(app.dataDir, toAddress({ hash: hashes[n] as string, variant }));

beforeAll(async () => {
  const person = await app.signUp();
  for (const seed of [1, 2, 3, 4]) {
    const bytes = await tinyPhoto(seed);
    await app.upload(person, bytes);
    hashes.push(createHash('sha256').update(bytes).digest('hex'));
  }
});

test('a library that is as it should be', async () => {
  const seen: [number, number][] = [];
  const onProgress = (done: number, of: number) => seen.push([done, of]);
  expect(await verifyStorage(deps, { readData: true, onProgress })).toEqual({
    files: 16,
    read: 16,
    faults: [],
    orphans: 0,
  });
  expect(seen).toEqual(Array.from({ length: 16 }, (_, n) => [n + 1, 16]));
});

test('what is missing, short, changed, and what nothing knows of', async () => {
  await rm(pathOf(0, 'original'));
  await truncate(pathOf(1, 'small'), 10);
  const whole = await deps.blobs.stat({ hash: hashes[2] as string, variant: 'original' });
  await writeFile(pathOf(2, 'original'), Buffer.alloc(whole?.bytes ?? 0, 7));
  const stray = await deps.blobs.createTemp();
  await stray.write(Buffer.from('of nobody'));
  const { path, sha256 } = await stray.finish();
  await deps.blobs.put({ hash: sha256, variant: 'original' }, path);

  const shallow = await verifyStorage(deps, { readData: false });
  expect(shallow).toEqual({
    files: 16,
    read: 0,
    faults: expect.arrayContaining([
      { key: { hash: hashes[0], variant: 'original' }, what: 'missing' },
      { key: { hash: hashes[1], variant: 'small' }, what: 'short' },
    ]),
    orphans: 1,
  });
  expect(shallow.faults).toHaveLength(2);
  const deep = await verifyStorage(deps, { readData: true });
  expect(deep.faults).toHaveLength(3);
  expect(deep.faults).toContainEqual({ key: { hash: hashes[2], variant: 'original' }, what: 'changed' });
});

test('public pictures are files like others, without an original', async () => {
  const before = await verifyStorage(deps, { readData: true });
  const person = await app.signUp();
  const set = await app.request(person, 'PUT', '/api/v1/me/pictures/profile', { body: await tinyPhoto(9) });
  const { body } = await app.request(null, 'GET', set.json().url);
  const key = { hash: createHash('sha256').update(body).digest('hex'), variant: 'picture' } as const;
  const after = await verifyStorage(deps, { readData: true });
  expect(after).toEqual({ ...before, files: before.files + 5, read: before.read + 5 });

  await writeFile(join(app.dataDir, toAddress(key)), Buffer.alloc(body.length, 7));
  await rm(join(app.dataDir, toAddress({ ...key, variant: 'picture64' })));
  const { faults } = await verifyStorage(deps, { readData: true });
  expect(faults).toContainEqual({ key, what: 'changed' });
  expect(faults).toContainEqual({ key: { ...key, variant: 'picture64' }, what: 'missing' });
});
