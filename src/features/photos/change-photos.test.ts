import { Client } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../test/app.ts';

const app = await createTestApp();
const owner = new Client(app.database.owner);
await owner.connect();
afterAll(() => owner.end());

test('changes of the same many photos at the same time, in whatever order they meet them, are all done', async () => {
  const person = await app.signUp();
  const { id } = await app.upload(person, await tinyPhoto(7000));
  const { rows } = await owner.query(
    `insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from)
     select gen_random_uuid(), owner_id, blob_hash, 'p.jpg', mime_type, bytes, width, height, taken_at - i * interval '1 day', taken_from
     from photos, generate_series(1, 400) i where id = $1 returning id`,
    [id],
  );
  const ids: string[] = rows.map((row) => row.id);
  const post = async (path: string, json: object) =>
    (await app.request(person, 'POST', `/api/v1${path}`, { json })).status;
  const album = (await app.request(person, 'POST', '/api/v1/albums', { json: { name: 'All' } })).json().id;
  const all = { filter: { archived: 'any' } };
  for (let round = 0; round < 6; round += 1) {
    const on = round % 2 === 0;
    const statuses = await Promise.all([
      post('/photos/batch/favorite', { ids, is_favorite: on }),
      post('/photos/batch/archive', { ...all, is_archived: on }),
      post('/photos/batch/tag', { ids: ids.toReversed(), [on ? 'add' : 'remove']: ['dusk'] }),
      post('/photos/batch/favorite', { ...all, is_favorite: !on }),
      post('/tags/rename', { from: 'dusk', to: 'dawn' }),
      post(`/albums/${album}/photos`, on ? { photo_ids: ids.toReversed() } : all),
      post('/photos/batch/trash', { ids: ids.slice(200) }),
      post('/photos/batch/restore', { ids: ids.slice(200).toReversed() }),
    ]);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    await app.request(person, 'DELETE', `/api/v1/albums/${album}/photos`, { json: { photo_ids: ids } });
  }
});
