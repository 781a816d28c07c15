import { createHash } from 'node:crypto';
import { Client, type PoolConfig } from 'pg';
import { expect } from 'vitest';
import type { BlobKey, BlobStore } from '#platform/blobs/blob-store.ts';
import { listTables } from '#platform/database/library-tables.ts';
import { type Person, type TestApp, tinyPhoto } from './app.ts';
import { asGuest, createLink, type MadeLink, unlockLink } from './links.ts';

const api = '/api/v1';

/** Some of everything that people keep in a library, and how they come to it. */
export interface WholeLibrary {
  readonly admin: Person;
  readonly member: Person;
  readonly apiKey: string;
  readonly link: MadeLink;
  readonly linkPassword: string;
  readonly photos: readonly { readonly id: string; readonly bytes: Buffer }[];
  /** What everybody is shown, by its address. */
  readonly pictures: readonly { readonly url: string; readonly bytes: Buffer }[];
}

/** Fills a library with people, photos in every state, albums that refer to them, members, links, keys, quotas, pictures and an organization. */
export async function fillLibrary(app: TestApp): Promise<WholeLibrary> {
  const send = async (as: Person, method: string, path: string, json?: object) => {
    const answer = await app.request(as, method, `${api}${path}`, json ? { json } : {});
    if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
    return answer.status === 204 ? null : answer.json();
  };
  const [admin, member] = [await app.signUp(), await app.signUp()];
  await send(admin, 'PATCH', '/me', { display_name: 'Inès “die Große” \\N\t漢字' });
  const photos: { id: string; bytes: Buffer }[] = [];
  for (let seed = 0; seed < 6; seed += 1) {
    const bytes = await tinyPhoto(9000 + seed);
    photos.push({ id: (await app.upload(admin, bytes, `lake ${seed}.jpg`)).id, bytes });
  }
  const ids = photos.map(({ id }) => id);
  const [first, second, trashed, archived] = ids as [string, string, string, string];
  // The same bytes twice: one blob of two owners.
  await app.upload(member, photos[0]?.bytes as Buffer, 'mine too.jpg');
  const own = await app.upload(member, await tinyPhoto(9100), 'of the member.jpg');
  await send(admin, 'PATCH', `/photos/${first}`, { caption: 'Fog\tover\nthe lake \\.', tags: ['Nebel', 'Été'] });
  await send(admin, 'PATCH', `/photos/${second}`, { is_favorite: true });
  await send(admin, 'PATCH', `/photos/${archived}`, { is_archived: true });
  await send(admin, 'DELETE', `/photos/${trashed}`);

  const { id: album } = await send(admin, 'POST', '/albums', { name: 'Lakes', photo_ids: [first, second] });
  await send(admin, 'PATCH', `/albums/${album}`, { cover_photo_id: second });
  await send(admin, 'POST', `/albums/${album}/members`, { username: member.username, role: 'contributor' });
  await send(member, 'POST', `/albums/${album}/photos`, { photo_ids: [own.id] });
  await send(admin, 'POST', '/albums', { name: 'All fog', filter: { q: 'fog' } });
  await send(admin, 'PATCH', `/users/${member.id}`, { quota_bytes: 5_000_000, quota_photos: 50 });

  const linkPassword = 'a bench in the park';
  const link = await createLink(app, admin, { album_id: album, password: linkPassword, allow_upload: true });
  await createLink(app, member, { photo_id: own.id, max_views: 3 });
  const session = await unlockLink(app, link, linkPassword);
  const sent = await asGuest(app, link, session, 'POST', '/photos?filename=by-a-guest.jpg', {
    body: await tinyPhoto(9200),
  });
  expect(sent.status).toBe(201);
  const { bearer: apiKey } = await app.createApiKey(admin, ['photos:read']);

  await send(member, 'PATCH', `/photos/${own.id}`, { image_type: 'profile', is_primary: true });
  const { id: organization } = await send(admin, 'POST', '/organizations', { name: 'Friends of the lake' });
  await send(admin, 'POST', `/organizations/${organization}/invitations`, { username: member.username });
  const shown = [
    await send(member, 'PUT', '/me/pictures/profile', { photo_id: own.id }),
    await send(admin, 'PUT', '/me/pictures/cover', { photo_id: second, crop: { x: 0, y: 0, width: 1, height: 0.5 } }),
    await send(admin, 'PUT', `/organizations/${organization}/logo`, { photo_id: first }),
  ];
  const pictures = await Promise.all(
    shown.map(async ({ url }) => ({ url, bytes: (await app.request(null, 'GET', url)).body })),
  );
  return { admin, member, apiKey, link, linkPassword, photos, pictures };
}

/** What people find when they come to a library that is the same as the one that was filled. */
export async function useLibrary(app: TestApp, library: WholeLibrary): Promise<void> {
  const { admin, member, link, linkPassword, apiKey, photos, pictures } = library;
  const again = await app.signIn(admin);
  expect(again.id).toBe(admin.id);
  // Who was signed in elsewhere is not signed in here.
  expect((await app.request(admin, 'GET', `${api}/me`)).status).toBe(401);

  for (const { id, bytes } of photos.filter((_, n) => n !== 2)) {
    const original = await app.request({ bearer: apiKey }, 'GET', `${api}/photos/${id}/original`);
    expect([original.status, original.body.equals(bytes)]).toEqual([200, true]);
    const small = await app.request(again, 'GET', `${api}/photos/${id}/small`);
    expect(small.status).toBe(200);
  }
  for (const { url, bytes } of pictures) {
    const picture = await app.request(null, 'GET', url);
    expect([picture.status, picture.body.equals(bytes)]).toEqual([200, true]);
  }
  const search = await app.request(again, 'GET', `${api}/photos?q=fog+lake`);
  expect(search.json().items).toMatchObject([{ id: photos[0]?.id, tags: ['Nebel', 'Été'] }]);
  expect((await app.request(again, 'GET', `${api}/trash`)).json().items).toMatchObject([{ id: photos[2]?.id }]);

  const session = await unlockLink(app, link, linkPassword);
  expect((await asGuest(app, link, session, 'GET', `/photos/${photos[0]?.id}/small`)).status).toBe(200);
  const links = (await app.request(again, 'GET', `${api}/share-links`)).json();
  expect(JSON.stringify(links)).toContain(link.key);

  // Nobody else's is seen, and the counters go on from where they were.
  const other = await app.signIn(member);
  expect((await app.request(other, 'GET', `${api}/photos/${photos[3]?.id}/metadata`)).status).toBe(404);
  const before = (await app.request(other, 'GET', `${api}/me`)).json().usage;
  await app.upload(other, await tinyPhoto(9300 + before.photos), 'after.jpg');
  const after = (await app.request(other, 'GET', `${api}/me`)).json().usage;
  expect([before.quota_photos, after.photos]).toEqual([50, before.photos + 1]);
}

/**
 * Every row of a library, and what holds them: constraints, triggers and row-level security. Without what a backup leaves behind.
 * @param login a superuser, whom no policy keeps from a row
 */
export async function readLibrary(login: PoolConfig): Promise<Record<string, string[]>> {
  const client = new Client(login);
  await client.connect();
  try {
    const all: Record<string, string[]> = {};
    for (const { name } of await listTables(client)) {
      const { rows } = await client.query<{ row: string }>(
        `select (to_jsonb(t) - 'app_role' - 'grants_digest' - 'driver')::text as row from ${name} t order by 1`,
      );
      all[name] = rows.map(({ row }) => row);
    }
    const { rows: rules } = await client.query<{ rule: string }>(`
      select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated as rule
        from pg_constraint where connamespace = 'public'::regnamespace
      union all select pg_get_triggerdef(oid) || tgenabled::text from pg_trigger where not tgisinternal
      union all select relname || ' ' || relrowsecurity || relforcerowsecurity from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r'
      union all select table_name || column_name || column_default from information_schema.columns
        where table_schema = 'public' and column_default is not null
      order by 1`);
    return { ...all, rules: rules.map(({ rule }) => rule) };
  } finally {
    await client.end();
  }
}

/** The sha256 of each file that the rows refer to; `absent` where there is none. */
export async function readFiles(login: PoolConfig, blobs: BlobStore): Promise<Record<string, string>> {
  const client = new Client(login);
  await client.connect();
  const { rows } = await client
    .query<BlobKey>(
      `select encode(hash, 'hex') as hash, 'original' as variant from blobs where has_original
       union all select encode(blob_hash, 'hex'), variant from derivatives order by 1, 2`,
    )
    .finally(() => client.end());
  const files: Record<string, string> = {};
  for (const { hash, variant } of rows) {
    const reader = await blobs.open({ hash, variant });
    const bytes = Buffer.alloc(reader?.size ?? 0);
    await reader?.read(bytes, 0, bytes.length, 0);
    await reader?.close();
    files[`${hash}.${variant}`] = reader ? createHash('sha256').update(bytes).digest('hex') : 'absent';
  }
  return files;
}
