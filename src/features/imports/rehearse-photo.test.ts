import { expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../test/app.ts';
import { createImporter } from '../../../test/importing.ts';
import type { EarlierPhoto } from './earlier-system.ts';
import { newRehearsal, rehearsePhoto } from './rehearse-photo.ts';

const app = await createTestApp();
const admin = await app.signUp();
const importer = await createImporter(app, admin);

const pictures = await Promise.all([61, 62, 63].map((seed) => tinyPhoto(seed)));
const photoOf = (bytes: Buffer, n: number): EarlierPhoto => ({
  name: `${n}.jpg`,
  filename: `${n}.jpg`,
  earlierIds: [`${n}`],
  owner: { person: '1' },
  told: {},
  albums: [],
  open: async () => ({
    bytes: bytes.length,
    modifiedAt: null,
    body: (async function* () {
      yield bytes;
    })(),
    close: async () => {},
  }),
});

/** What all of them come to when they are looked at together. */
async function lookAtAll(
  owner: { id: string | null; key: string },
  quota: { bytes: number | null; photos: number | null },
) {
  const rehearsal = newRehearsal();
  const deps = { ...importer.deps, quota };
  const { signal } = new AbortController();
  const looked = await Promise.allSettled(
    pictures.map((bytes, n) => rehearsePhoto(deps, rehearsal, 'somewhere', owner, photoOf(bytes, n), signal)),
  );
  return looked.map((one) => (one.status === 'fulfilled' ? one.value.outcome : one.reason.why)).sort();
}

test('whoever has no account yet has the room that a new one has', async () => {
  const owner = { id: null, key: 'somebody' };
  expect(await lookAtAll(owner, { bytes: null, photos: 2 })).toEqual(['brought', 'brought', 'no_room']);
  const [a = 0, b = 0, c = 0] = pictures.map(({ length }) => length).sort((one, other) => one - other);
  expect(await lookAtAll(owner, { bytes: b + c, photos: null })).toEqual(['brought', 'brought', 'no_room']);
  expect(await lookAtAll(owner, { bytes: a - 1, photos: null })).toEqual(['no_room', 'no_room', 'no_room']);
  expect(await lookAtAll(owner, { bytes: a + b + c, photos: 3 })).toEqual(['brought', 'brought', 'brought']);
});

test('whoever has one has what is left of theirs, however many are looked at together', async () => {
  const few = await app.signUp();
  await app.upload(few, await tinyPhoto(64));
  await app.request(admin, 'PATCH', `/api/v1/users/${few.id}`, { json: { quota_photos: 2 } });
  const nothing = { bytes: null, photos: 0 };
  expect(await lookAtAll({ id: few.id, key: few.id }, nothing)).toEqual(['brought', 'no_room', 'no_room']);
});
