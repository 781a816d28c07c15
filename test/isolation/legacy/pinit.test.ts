import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../app.ts';
import { createPhone, form, jpeg, pathOf, type UserImage } from '../../legacy/pinit-client.ts';

const app = await createTestApp();
const admin = await app.signUp();
const phone = createPhone(app, '10.44.1.1');
const password = 'under the old pines';

interface Somebody {
  username: string;
  id: string;
  token: string;
  image: UserImage;
}
let seed = 0;
let mine: Somebody;
let theirs: Somebody;

async function enter(username: string): Promise<Somebody> {
  const { access_token: token } = (await phone.register(username, password)).json();
  seed += 1;
  await phone.upload(token, username, await tinyPhoto(seed), { type: 'profile', isPrimary: true });
  const [image] = (await phone.list(token, username)) as [UserImage];
  const me = await phone.send(token, 'GET', '/api/v1/me');
  return { username, id: me.json().id, token, image };
}

beforeAll(async () => {
  mine = await enter('mira_k');
  theirs = await enter('tomas-r');
});

describe('two people', () => {
  test('do not see each other’s images by list: foreign and unknown names are alike', async () => {
    const answers = await Promise.all(
      [theirs.username, theirs.username.toUpperCase(), 'nobody-here', admin.username].map((name) =>
        phone.send(mine.token, 'GET', `/api/user_images/${name}/`),
      ),
    );
    for (const answer of answers) {
      expect([answer.status, answer.text]).toEqual([200, answers[0]?.text]);
      expect(answer.json()).toEqual({ success: true, images: [], count: 0 });
    }
    const { users } = (
      await phone.send(mine.token, 'POST', '/api/multiple_user_images/', {
        json: { usernames: [mine.username, theirs.username, 'nobody-here'] },
      })
    ).json();
    expect([users[mine.username].count, users[theirs.username], users['nobody-here']]).toEqual([
      1,
      { images: [], count: 0 },
      { images: [], count: 0 },
    ]);
  });

  test('do not reach each other’s by id: foreign and absent ids are alike', async () => {
    const absent = '0190163d-8694-739b-aea5-966c26f8ad90';
    for (const [method, what] of [
      ['GET', 'serve'],
      ['HEAD', 'serve'],
      ['DELETE', 'delete'],
      ['POST', 'set_primary'],
    ] as const) {
      const [foreign, unknown] = await Promise.all(
        [theirs.image.id, absent].map((id) => phone.send(mine.token, method, `/api/user_image/${id}/${what}/`)),
      );
      expect([what, foreign?.status, foreign?.text]).toEqual([what, 404, unknown?.text]);
      expect(unknown?.status).toBe(404);
    }
    expect(await phone.list(theirs.token, theirs.username)).toEqual([theirs.image]);
    expect((await phone.look(theirs.image)).status).toBe(200);
  });

  test('do not upload for each other, existing or not, and nothing of it is kept', async () => {
    const bytes = await tinyPhoto(50);
    for (const username of [theirs.username, 'nobody-here']) {
      for (const order of ['before', 'after'] as const) {
        const parts = [['username', username] as const, ['image_type', 'gallery'] as const];
        const sent = form(order === 'before' ? [...parts, jpeg(bytes)] : [jpeg(bytes), ...parts]);
        const answer = await phone.send(mine.token, 'POST', '/api/upload_user_image/', sent);
        expect([answer.status, answer.json()]).toEqual([404, { error: 'User not found' }]);
      }
    }
    expect(await phone.list(mine.token, mine.username)).toHaveLength(1);
    expect(await phone.list(theirs.token, theirs.username)).toHaveLength(1);
  });

  test('have a primary image each', async () => {
    for (const { token, username } of [mine, theirs]) {
      expect((await phone.list(token, username)).map(({ is_primary: is }) => is)).toEqual([true]);
    }
  });

  test('an album that is shared is no list of images', async () => {
    const { id: album } = (await phone.send(theirs.token, 'POST', '/api/v1/albums', { json: { name: 'us' } })).json();
    await phone.send(theirs.token, 'POST', `/api/v1/albums/${album}/photos`, {
      json: { photo_ids: [theirs.image.id] },
    });
    const member = { json: { username: mine.username, role: 'contributor' } };
    expect((await phone.send(theirs.token, 'POST', `/api/v1/albums/${album}/members`, member)).status).toBe(201);
    const native = `/api/v1/photos/${theirs.image.id}/metadata`;
    expect((await phone.send(mine.token, 'GET', native)).status).toBe(200);
    expect((await phone.send(mine.token, 'GET', `/api/user_images/${theirs.username}/`)).json().images).toEqual([]);
    const absent = '0190163d-8694-739b-aea5-966c26f8ad90';
    for (const [method, what] of [
      ['GET', 'serve'],
      ['HEAD', 'serve'],
      ['POST', 'set_primary'],
      ['DELETE', 'delete'],
    ] as const) {
      const [foreign, unknown] = await Promise.all(
        [theirs.image.id, absent].map((id) => phone.send(mine.token, method, `/api/user_image/${id}/${what}/`)),
      );
      expect([what, foreign?.status, foreign?.text]).toEqual([what, 404, unknown?.text]);
    }
    expect((await phone.look(theirs.image)).status).toBe(200);
  });
});

describe('who is not signed in', () => {
  test('gets nothing, whatever is named', async () => {
    for (const [method, path, more] of [
      ['GET', `/api/user_images/${mine.username}/`, {}],
      ['GET', '/api/user_images/nobody-here/', {}],
      ['GET', `/api/user_image/${mine.image.id}/serve/`, {}],
      ['HEAD', `/api/user_image/${mine.image.id}/serve/`, {}],
      ['DELETE', `/api/user_image/${mine.image.id}/delete/`, {}],
      ['POST', `/api/user_image/${mine.image.id}/set_primary/`, {}],
      ['POST', '/api/multiple_user_images/', { json: { usernames: [mine.username] } }],
      ['POST', '/api/upload_user_image/', form([['username', mine.username], jpeg(await tinyPhoto(51))])],
      ['POST', '/api/logout/', {}],
      ['GET', '/api/debug/r2-status/', {}],
      ['GET', '/api/test-r2-storage/', {}],
    ] as const) {
      const answer = await phone.send(null, method, path, more);
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
    expect(await phone.list(mine.token, mine.username)).toHaveLength(1);
  });

  test('finds no other way to the pictures', async () => {
    const { searchParams } = new URL(mine.image.url);
    const tampered = (change: (url: URL) => void): string => {
      const url = new URL(mine.image.url);
      change(url);
      return `${url.pathname}${url.search}`;
    };
    const other = pathOf(mine.image.url).replace(mine.image.id, theirs.image.id);
    const all = [
      other,
      tampered((url) => url.searchParams.append('id', theirs.image.id)).replace(mine.image.id, theirs.image.id),
    ];
    for (const name of searchParams.keys()) {
      all.push(tampered((url) => url.searchParams.delete(name)));
      all.push(tampered((url) => url.searchParams.set(name, `${searchParams.get(name)}0`)));
    }
    for (const path of all) expect([path, (await phone.send(null, 'GET', path)).status]).toEqual([path, 401]);
    // Neither a native address made of an earlier system's signature, nor the other way round.
    const native = `/api/v1/photos/${mine.image.id}/original${new URL(mine.image.url).search}`;
    expect((await phone.send(null, 'GET', native)).status).toBe(401);
    const signed = (await phone.send(mine.token, 'GET', `/api/v1/photos/${mine.image.id}/metadata`)).json().full_url;
    const turned = `/api/user_image/${mine.image.id}/serve/${new URL(signed, app.url).search}`;
    expect((await phone.send(null, 'GET', turned)).status).toBe(401);
  });

  test('a probe of the storage is for administrators', async () => {
    const [{ bearer }] = [admin];
    for (const path of ['/api/debug/r2-status/', '/api/test-r2-storage/']) {
      expect((await phone.send(mine.token, 'GET', path)).status).toBe(403);
      expect((await phone.send(bearer, 'GET', path)).status).toBe(200);
      // A key is no administrator, whoever made it.
      const key = (await app.createApiKey(admin, ['photos:read', 'photos:write', 'account:read'])).bearer;
      expect((await phone.send(key, 'GET', path)).status).toBe(403);
    }
  });
});

describe('an address and a token end with', () => {
  const endings: Record<string, (one: Somebody) => Promise<{ status: number }>> = {
    'signing out': ({ token }) => phone.send(token, 'POST', '/api/logout/'),
    'signing out of all sessions elsewhere': async ({ username }) => {
      const { access_token: other } = (await phone.login(username, password)).json();
      return phone.send(other, 'DELETE', '/api/v1/sessions');
    },
    'another password': async ({ username }) => {
      const { access_token: other } = (await phone.login(username, password)).json();
      return phone.send(other, 'POST', '/api/v1/me/password', {
        json: { current_password: password, new_password: 'over the young firs' },
      });
    },
    'the account, disabled': ({ id }) =>
      app.request(admin, 'PATCH', `/api/v1/users/${id}`, { json: { disabled: true } }),
    'the account, deleted': ({ id, username }) =>
      app.request(admin, 'DELETE', `/api/v1/users/${id}`, { json: { password: admin.password, confirm: username } }),
  };

  test.each(Object.entries(endings))('%s', async (what, end) => {
    const one = await enter(`ending-${what.replaceAll(/\W/g, '').slice(-18)}`);
    const { refresh_token: refresh } = (await phone.login(one.username, password)).json();
    expect((await phone.look(one.image)).status).toBe(200);
    expect((await end(one)).status).toBeLessThan(300);
    expect((await phone.look(one.image)).status).toBe(401);
    expect((await phone.look(one.image, 'HEAD')).status).toBe(401);
    const listed = await phone.send(one.token, 'GET', `/api/user_images/${one.username}/`);
    expect([listed.status, listed.json().code]).toEqual([401, 'token_not_valid']);
    const renewed = await phone.send(null, 'POST', '/api/token/refresh/', { json: { refresh } });
    // Signing out of one session leaves the others.
    expect(renewed.status).toBe(what === 'signing out' ? 200 : 401);
  });

  test('its photo: deleted here, trashed or deleted for good over there', async () => {
    const one = await enter('ending-photo');
    await phone.send(one.token, 'DELETE', `/api/user_image/${one.image.id}/delete/`);
    const [trashed, bearer] = [await phone.look(one.image), await serve(one)];
    expect([trashed.status, bearer.status]).toEqual([404, 404]);
    // Taken out of the trash, it is shown again: nobody lost it.
    await phone.send(one.token, 'POST', '/api/v1/photos/batch/restore', { json: { ids: [one.image.id] } });
    expect((await phone.look(one.image)).status).toBe(200);
    for (const step of ['trash', 'purge']) {
      await phone.send(one.token, 'POST', `/api/v1/photos/batch/${step}`, { json: { ids: [one.image.id] } });
      expect([step, (await phone.look(one.image)).status]).toEqual([step, 404]);
    }
  });

  const serve = ({ token, image }: Somebody) => phone.send(token, 'GET', `/api/user_image/${image.id}/serve/`);

  test('the key it was given to', async () => {
    const person: Person = await app.signUp();
    await app.upload(person, await tinyPhoto(60));
    const key = await app.createApiKey(person, ['photos:read']);
    const [image] = (await phone.list(key.bearer, person.username)) as [UserImage];
    expect((await phone.look(image)).status).toBe(200);
    expect((await app.request(person, 'DELETE', `/api/v1/api-keys/${key.id}`)).status).toBe(204);
    expect((await phone.look(image)).status).toBe(401);
    expect((await phone.send(key.bearer, 'GET', `/api/user_images/${person.username}/`)).status).toBe(401);
  });
});

test('a key that may only add photos sees none', async () => {
  const person = await app.signUp();
  const { bearer } = await app.createApiKey(person, ['photos:write']);
  const uploaded = await phone.upload(bearer, person.username, await tinyPhoto(61));
  expect(uploaded.status, uploaded.text).toBe(200);
  expect((await phone.look(uploaded.json().image)).status).toBe(403);
  expect((await phone.send(bearer, 'GET', `/api/user_images/${person.username}/`)).status).toBe(403);
});
