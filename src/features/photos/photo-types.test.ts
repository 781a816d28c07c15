import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createLink } from '../../../test/links.ts';
import { countPromise } from '../../../test/promises.ts';

const app = await createTestApp();
let seed = 7000;
const next = () => {
  seed += 1;
  return tinyPhoto(seed);
};
const call = async (as: Person, method: string, path: string, json?: unknown) => {
  const answer = await app.request(as, method, `/api/v1${path}`, json === undefined ? {} : { json });
  return { status: answer.status, body: answer.text === '' ? null : answer.json() };
};
const read = async (as: Person, id: string) => (await call(as, 'GET', `/photos/${id}/metadata`)).body;
const listed = async (as: Person, query: string): Promise<string[]> =>
  (await call(as, 'GET', `/photos?${query}`)).body.items.map(({ id }: { id: string }) => id);
async function primariesOf(person: Person): Promise<string[]> {
  const client = new Client(app.database.owner);
  await client.connect();
  try {
    await client.query(`select set_config('app.principal', $1, false)`, [`user:${person.id}`]);
    const { rows } = await client.query('select id from photos where owner_id = $1 and is_primary', [person.id]);
    return rows.map(({ id }) => id);
  } finally {
    await client.end();
  }
}

describe('the type of a photo', () => {
  test('is gallery until something else is said, at the upload or after', async () => {
    const person = await app.signUp();
    const plain = await app.upload(person, await next());
    expect(plain).toMatchObject({ image_type: 'gallery', is_primary: false });
    const cover = await app.request(person, 'POST', '/api/v1/photos?image_type=cover&is_primary=true', {
      body: await next(),
    });
    expect(cover.json()).toMatchObject({ image_type: 'cover', is_primary: true });
    const changed = await call(person, 'PATCH', `/photos/${plain.id}`, { image_type: 'profile' });
    expect(changed).toMatchObject({ status: 200, body: { image_type: 'profile', is_primary: false } });
    expect(await listed(person, 'image_type=profile')).toEqual([plain.id]);
    expect(await listed(person, 'image_type=cover')).toEqual([cover.json().id]);
    expect(await listed(person, 'image_type=gallery')).toEqual([]);
    expect((await call(person, 'GET', '/photos?image_type=profile')).body.total).toBe(1);
  });

  test('is said in the fields of a form too, and of bytes that are there already', async () => {
    const person = await app.signUp();
    const bytes = await next();
    const form = (fields: Record<string, string>) => {
      const parts = Object.entries(fields).map(
        ([name, value]) => `--X\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      );
      const file = '--X\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n';
      return {
        headers: { 'content-type': 'multipart/form-data; boundary=X' },
        body: Buffer.concat([Buffer.from(parts.join('') + file), bytes, Buffer.from('\r\n--X--\r\n')]),
      };
    };
    const first = await app.request(person, 'POST', '/api/v1/photos', form({ image_type: 'profile' }));
    expect([first.status, first.json().image_type, first.json().filename]).toEqual([201, 'profile', 'a.jpg']);
    const again = await app.request(
      person,
      'POST',
      '/api/v1/photos',
      form({ image_type: 'cover', is_primary: 'true' }),
    );
    expect([again.status, again.json().id]).toEqual([200, first.json().id]);
    expect(again.json()).toMatchObject({ image_type: 'cover', is_primary: true });
    const silent = await app.request(person, 'POST', '/api/v1/photos', form({}));
    expect(silent.json()).toMatchObject({ image_type: 'cover', is_primary: true });
    const wrong = await app.request(person, 'POST', '/api/v1/photos', form({ image_type: 'banner' }));
    expect([wrong.status, wrong.json().error.details.field]).toEqual([400, 'image_type']);
  });

  test('is one of three words', async () => {
    const person = await app.signUp();
    const { id } = await app.upload(person, await next());
    expect((await call(person, 'PATCH', `/photos/${id}`, { image_type: 'banner' })).status).toBe(400);
    expect((await call(person, 'GET', '/photos?image_type=banner')).status).toBe(400);
    expect((await app.request(person, 'POST', '/api/v1/photos?image_type=banner', { body: await next() })).status).toBe(
      400,
    );
  });

  test('and which is primary are nobody else’s to see or to say', async () => {
    const [owner, member] = [await app.signUp(), await app.signUp()];
    const { id } = await app.upload(owner, await next());
    await call(owner, 'PATCH', `/photos/${id}`, { image_type: 'profile', is_primary: true });
    expect((await app.request(null, 'GET', `/api/v1/photos/${id}/small`)).status).toBe(401);
    expect((await call(member, 'GET', `/photos/${id}/metadata`)).status).toBe(404);
    const album = (await call(owner, 'POST', '/albums', { name: 'Ours', photo_ids: [id] })).body;
    await call(owner, 'POST', `/albums/${album.id}/members`, { username: member.username });
    expect(await read(member, id)).toMatchObject({ image_type: 'gallery', is_primary: false });
    expect((await call(member, 'PATCH', `/photos/${id}`, { is_primary: false })).status).toBe(404);

    const link = await createLink(app, owner, { album_id: album.id, allow_upload: true });
    const sent = await app.request(null, 'POST', `/api/v1/share/${link.key}/photos?is_primary=true`, {
      body: await next(),
    });
    expect([sent.status, sent.json().error.code]).toEqual([400, 'validation_error']);
    expect(await primariesOf(owner)).toEqual([id]);
  });
});

describe('the primary photo', () => {
  test('is one, whatever the types are, and none once it lies in the trash', async () => {
    const person = await app.signUp();
    const [one, other] = [await app.upload(person, await next()), await app.upload(person, await next())];
    await call(person, 'PATCH', `/photos/${one.id}`, { image_type: 'cover', is_primary: true });
    await call(person, 'PATCH', `/photos/${other.id}`, { image_type: 'profile', is_primary: true });
    expect((await read(person, one.id)).is_primary).toBe(false);
    expect(await primariesOf(person)).toEqual([other.id]);
    await call(person, 'PATCH', `/photos/${other.id}`, { is_primary: true });
    expect(await primariesOf(person)).toEqual([other.id]);

    await call(person, 'DELETE', `/photos/${other.id}`);
    expect(await primariesOf(person)).toEqual([]);
    const refused = await call(person, 'PATCH', `/photos/${other.id}`, { is_primary: true });
    expect([refused.status, refused.body.error.code]).toEqual([409, 'conflict']);
    await call(person, 'POST', '/photos/batch/restore', { ids: [other.id] });
    expect(await read(person, other.id)).toMatchObject({ image_type: 'profile', is_primary: false });
  });

  test('stays what it was where the new one is not one’s own', async () => {
    const [person, somebody] = [await app.signUp(), await app.signUp()];
    const mine = await app.upload(person, await next());
    const theirs = await app.upload(somebody, await next());
    await call(person, 'PATCH', `/photos/${mine.id}`, { is_primary: true });
    await call(somebody, 'PATCH', `/photos/${theirs.id}`, { is_primary: true });
    expect((await call(person, 'PATCH', `/photos/${theirs.id}`, { is_primary: true })).status).toBe(404);
    expect([await primariesOf(person), await primariesOf(somebody)]).toEqual([[mine.id], [theirs.id]]);
  });

  test('is exactly one after fifty were set at once', async () => {
    const person = await app.signUp();
    const photos: string[] = [];
    for (let n = 0; n < 50; n += 1) photos.push((await app.upload(person, await next())).id);
    const answers = await Promise.all(photos.map((id) => call(person, 'PATCH', `/photos/${id}`, { is_primary: true })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const primaries = await primariesOf(person);
    countPromise({
      promise: 11,
      what: 'primary photos set at once, of which one is left',
      tried: 50,
      held: primaries.length === 1 ? 50 : 0,
    });
    expect(primaries).toHaveLength(1);
    expect(photos).toContain(primaries[0]);
  });
});
