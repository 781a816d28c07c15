import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Credential, createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { type EventStream, openEvents } from '../../../test/event-stream.ts';
import { eventually } from '../../../test/eventually.ts';
import { createExpiringKey } from '../../../test/expiring-key.ts';
import { patienceMs } from '../../../test/slowness.ts';
import { createChangeStreams } from './change-streams.ts';

const app = await createTestApp();
const [admin, owner, member, stranger] = [
  await app.signUp(),
  await app.signUp(),
  await app.signUp(),
  await app.signUp(),
];

const opened: EventStream[] = [];
async function follow(as: Person | Credential): Promise<EventStream> {
  const stream = await openEvents(app, as);
  opened.push(stream);
  if (stream.status === 200) await eventually(() => expect(stream.hellos()).toBe(1));
  return stream;
}
/** Without the comments that keep all streams awake at the same moment, however young one is. */
const saidBy = (stream: EventStream): string => stream.text().replace(/^:\n\n/gm, '');
const openStreams = async (): Promise<number> =>
  Number(/^tintype_event_streams (\d+)$/m.exec((await app.request(admin, 'GET', '/api/v1/metrics')).text)?.[1]);
afterEach(async () => {
  for (const stream of opened.splice(0)) stream.close();
  await expect.poll(openStreams).toBe(0);
});

let seed = 0;
const upload = async (as: Person): Promise<string> => {
  seed += 1;
  return (await app.upload(as, await tinyPhoto(seed))).id;
};
const send = async (as: Person, method: string, path: string, json?: unknown): Promise<void> => {
  const answer = await app.request(as, method, `/api/v1${path}`, json === undefined ? {} : { json });
  expect(answer.status, answer.text).toBeLessThan(300);
};
/** A statement on a person's behalf, for what has routes in other features. */
const run = (as: Person, text: string): Promise<void> =>
  app.database.database.as({ kind: 'user', id: as.id }, async (tx: Kysely<unknown>) => {
    await sql.raw(text).execute(tx);
  });
/** The owner's photos, as many as that, without the work of uploading them. */
const insertPhotos = async (count: number, from: string): Promise<void> =>
  run(
    owner,
    `insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from)
     select gen_random_uuid(), owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from
     from photos, generate_series(1, ${count}) where id = '${from}'`,
  );

test('greets, and is kept by nobody on the way', async () => {
  const stream = await follow(owner);
  expect(stream.status).toBe(200);
  expect(saidBy(stream)).toBe('retry: 2000\nevent: hello\ndata: {}\n\n');
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  expect(stream.headers).not.toHaveProperty('content-encoding');
});

describe('tells what changes in one’s own library', () => {
  /** Waits until everything committed so far has come: announcements keep the order of the commits. */
  const settle = async (stream: EventStream, as: Person): Promise<number> => {
    const accounts = () => stream.changes().filter(({ kind }) => kind === 'account').length;
    const before = accounts();
    await send(as, 'PATCH', '/me', { display_name: `Somebody ${uuidv7()}` });
    await eventually(() => expect(accounts()).toBe(before + 1));
    return stream.changes().length;
  };
  const changesOf = async (work: () => Promise<unknown>, as = owner): Promise<unknown[]> => {
    const stream = await follow(as);
    const from = await settle(stream, as);
    await work();
    const to = await settle(stream, as);
    return stream.changes().slice(from, to - 1);
  };

  test('a photo that comes, changes, goes and comes back', async () => {
    let id = '';
    expect(await changesOf(async () => (id = await upload(owner)))).toEqual([
      { kind: 'photos', ids: [id], what: 'added' },
    ]);
    const changed = [{ kind: 'photos', ids: [id], what: 'changed' }];
    expect(await changesOf(() => send(owner, 'PATCH', `/photos/${id}`, { caption: 'A harbour' }))).toEqual(changed);
    expect(
      await changesOf(() => send(owner, 'POST', '/photos/batch/favorite', { ids: [id], is_favorite: true })),
    ).toEqual(changed);
    const removed = [{ kind: 'photos', ids: [id], what: 'removed' }];
    expect(await changesOf(() => send(owner, 'DELETE', `/photos/${id}`))).toEqual(removed);
    expect(await changesOf(() => send(owner, 'POST', '/photos/batch/restore', { ids: [id] }))).toEqual([
      { kind: 'photos', ids: [id], what: 'added' },
    ]);
    expect(await changesOf(() => send(owner, 'DELETE', `/photos/${id}`))).toEqual(removed);
    expect(await changesOf(() => send(owner, 'POST', '/photos/batch/purge', { ids: [id] }))).toEqual(removed);
  });

  test('nothing, where a row was written as it was', async () => {
    const id = await upload(owner);
    expect(await changesOf(() => run(owner, `update photos set caption = caption where id = '${id}'`))).toEqual([]);
  });

  test('fifty by their ids, more as many', async () => {
    const id = await upload(owner);
    const [few] = (await changesOf(() => insertPhotos(50, id))) as { ids: string[] }[];
    expect(few?.ids).toHaveLength(50);
    expect(await changesOf(() => insertPhotos(51, id))).toEqual([{ kind: 'photos', ids: null, what: 'added' }]);
    const update = (text: string) => changesOf(() => run(owner, `update photos set ${text}`));
    expect(await update(`caption = 'One of many'`)).toEqual([{ kind: 'photos', ids: null, what: 'changed' }]);
    expect(await update('deleted_at = now()')).toEqual([{ kind: 'photos', ids: null, what: 'removed' }]);
    expect(await update('deleted_at = null')).toEqual([{ kind: 'photos', ids: null, what: 'added' }]);
    expect(await changesOf(() => run(owner, 'delete from photos'))).toEqual([
      { kind: 'photos', ids: null, what: 'removed' },
    ]);
  });

  test('of a photo in somebody else’s album what is seen of it, and not what it is to its owner', async () => {
    const id = await upload(member);
    const album = uuidv7();
    await run(owner, `insert into albums (id, owner_id, name) values ('${album}', '${owner.id}', 'x')`);
    const people = `'${album}', '${member.id}', 'contributor'`;
    await run(owner, `select add_album_member(${people})`);
    await send(member, 'POST', `/albums/${album}/photos`, { photo_ids: [id] });
    const told = [{ kind: 'albums', ids: [album], what: 'changed' }];
    const change = (json: object) => send(member, 'PATCH', `/photos/${id}`, json);
    for (const json of [{ is_favorite: true }, { tags: ['mine'] }, { is_archived: true }]) {
      expect(await changesOf(() => change(json))).toEqual([]);
    }
    expect(await changesOf(() => change({ is_favorite: false }), member)).toEqual([
      { kind: 'photos', ids: [id], what: 'changed' },
      ...told,
    ]);
    expect(await changesOf(() => change({ caption: 'For all' }))).toEqual(told);
    expect(await changesOf(() => send(member, 'DELETE', `/photos/${id}`))).toEqual(told);
    await run(owner, `delete from albums where id = '${album}'`);
  });

  test('albums to their owner and their members, and a pin to its own person', async () => {
    const [album, photo] = [uuidv7(), await upload(owner)];
    const told = (what: string) => ({ kind: 'albums', ids: [album], what });
    expect(
      await changesOf(() =>
        run(owner, `insert into albums (id, owner_id, name) values ('${album}', '${owner.id}', 'x')`),
      ),
    ).toEqual([told('added')]);
    const members = await follow(member);
    const membersHeard = async (what: string): Promise<void> => {
      await eventually(() => expect(members.changes().at(-1)).toEqual(told(what)));
    };
    expect(await changesOf(() => run(owner, `select add_album_member('${album}', '${member.id}', 'viewer')`))).toEqual([
      told('changed'),
    ]);
    await membersHeard('added');
    const add = `insert into album_photos (album_id, photo_id, album_owner_id, position, added_by)
      values ('${album}', '${photo}', '${owner.id}', 1, '${owner.id}')`;
    expect(await changesOf(() => run(owner, add))).toEqual([told('changed')]);
    await membersHeard('changed');
    // The caption is the owner's; that something of the album is new is the member's business as well.
    const heardBefore = members.changes().length;
    expect(await changesOf(() => send(owner, 'PATCH', `/photos/${photo}`, { caption: 'Seen by two' }))).toEqual([
      { kind: 'photos', ids: [photo], what: 'changed' },
      told('changed'),
    ]);
    await eventually(() => expect(members.changes().slice(heardBefore)).toEqual([told('changed')]));
    const pin = `insert into album_pins (user_id, album_id) values ('${member.id}', '${album}')`;
    expect(await changesOf(() => run(member, pin), member)).toEqual([told('changed')]);
    expect(await changesOf(() => run(owner, `delete from albums where id = '${album}'`))).toEqual([told('removed')]);
    await eventually(() => expect(members.changes()).toContainEqual(told('removed')));
    expect(members.text()).not.toContain('photos');
  });

  test('links to whoever made them', async () => {
    const [link, photo] = [uuidv7(), await upload(owner)];
    const told = (what: string) => [{ kind: 'links', ids: [link], what }];
    const make = `insert into shared_links (id, owner_id, photo_id, key_hash, key_sealed)
      values ('${link}', '${owner.id}', '${photo}', sha256('${link}'), '\\x00')`;
    expect(await changesOf(() => run(owner, make))).toEqual(told('added'));
    const close = `update shared_links set revoked_at = now() where id = '${link}'`;
    expect(await changesOf(() => run(owner, close))).toEqual(told('changed'));
    expect(await changesOf(() => run(owner, `delete from shared_links where id = '${link}'`))).toEqual(told('removed'));
  });
});

test('a stranger’s stream stays silent through all that another does', async () => {
  const [strangers, administrators] = [await follow(stranger), await follow(admin)];
  const [album, link, photo] = [uuidv7(), uuidv7(), await upload(owner)];
  await send(owner, 'PATCH', `/photos/${photo}`, { caption: 'A canary' });
  await insertPhotos(60, photo);
  await run(owner, `insert into albums (id, owner_id, name) values ('${album}', '${owner.id}', 'A canary')`);
  await run(
    owner,
    `insert into album_photos (album_id, photo_id, album_owner_id, position, added_by)
     values ('${album}', '${photo}', '${owner.id}', 1, '${owner.id}')`,
  );
  await run(
    owner,
    `insert into shared_links (id, owner_id, photo_id, key_hash, key_sealed)
     values ('${link}', '${owner.id}', '${photo}', sha256('${link}'), '\\x00')`,
  );
  await send(owner, 'PATCH', '/me', { display_name: 'A canary' });
  await run(owner, `delete from albums where id = '${album}'`);
  await run(owner, 'delete from photos');
  // Their own changes come in the order of the commits: whatever else there was would have come before them.
  const ids = [await upload(stranger), await upload(admin)];
  await eventually(() => expect([strangers.changes().length, administrators.changes().length]).toEqual([1, 1]));
  const whole = (id: string | undefined) =>
    `retry: 2000\nevent: hello\ndata: {}\n\nevent: change\ndata: {"kind":"photos","ids":["${id}"],"what":"added"}\n\n`;
  expect([strangers, administrators].map(saidBy)).toEqual(ids.map(whole));
});

test('an account listens in eight places, and in another once one is left', async () => {
  const streams = await Promise.all(Array.from({ length: 8 }, () => follow(owner)));
  expect(streams.map(({ status }) => status)).toEqual(Array(8).fill(200));
  const ninth = await follow(owner);
  expect([ninth.status, ninth.headers['retry-after']]).toEqual([429, '60']);
  expect((await follow(stranger)).status).toBe(200);
  streams[0]?.close();
  await expect.poll(async () => (await follow(owner)).status).toBe(200);
});

test('streams that were left leave nothing behind', async () => {
  for (let round = 0; round < 10; round += 1) {
    const streams = await Promise.all(Array.from({ length: 6 }, () => follow(owner)));
    for (const stream of streams) stream.close();
    await expect.poll(openStreams).toBe(0);
  }
});

test('HEAD opens none', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => app.request(owner, 'HEAD', '/api/v1/events')));
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
  expect(await openStreams()).toBe(0);
});

describe('a burst of changes', () => {
  const ids = Array.from({ length: 50 }, () => uuidv7()).join(',');
  const announce = (count: number) =>
    app.database.database.pool.query(
      `select pg_notify('tintype', 'changed:${owner.id}:photos:changed:${ids},' || gen_random_uuid())
       from generate_series(1, ${count})`,
    );

  test('comes whole to whoever reads', async () => {
    const stream = await follow(owner);
    await announce(300);
    await eventually(() => expect(stream.changes()).toHaveLength(300));
  });

  test('cuts off whoever does not, and fills no memory', async () => {
    const stream = await follow(owner);
    stream.pause();
    await vi.waitFor(
      async () => {
        await announce(1000);
        expect(await openStreams()).toBe(0);
      },
      { timeout: patienceMs, interval: 0 },
    );
    stream.resume();
    expect(await stream.over).toBe('cut');
  });
});

test('a key hears nothing any more once it has expired, and its stream ends', async () => {
  const {
    key,
    used: stream,
    ended,
  } = await createExpiringKey(app, owner, ['photos:read'], async (good) => {
    const opened = await follow(good);
    expect(opened.status).toBe(200);
    return opened;
  });
  await ended();
  expect((await app.request(key, 'GET', '/api/v1/photos')).status).toBe(401);
  await upload(owner);
  expect(await stream.over).toBe('ended');
  expect(stream.changes()).toEqual([]);
});

test('is counted as a request when it opens, not by the hours it stays', async () => {
  const count = async (): Promise<number> =>
    Number(
      /tintype_http_request_seconds_count\{method="GET",route="\/api\/v1\/events",status="200"\} (\d+)/.exec(
        (await app.request(admin, 'GET', '/api/v1/metrics')).text,
      )?.[1] ?? 0,
    );
  const before = await count();
  const stream = await follow(owner);
  expect(await count()).toBe(before + 1);
  stream.close();
  await expect.poll(openStreams).toBe(0);
  expect(await count()).toBe(before + 1);
});

test('a stream on which nothing happens is kept awake by comments', async () => {
  const streams = createChangeStreams({
    notifications: app.notifications,
    isStillGood: async () => true,
    heartbeatMs: 20,
  });
  const follower = { userId: uuidv7(), credentialId: uuidv7(), expiresAt: null, via: 'token' } as const;
  const stream = await streams.open(follower, () => {});
  let text = '';
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.endsWith(':\n\n:\n\n')) streams.close();
  }
  expect(text).toMatch(/^retry: 2000\nevent: hello\ndata: {}\n\n(:\n\n)+$/);
  expect(streams.size).toBe(0);
});

test('a server that stops ends its streams, and is not kept by them', async () => {
  const leaving = await createTestApp({ database: app.database, dataDir: app.dataDir });
  const streams = [await openEvents(leaving, owner), await openEvents(leaving, { bearer: stranger.bearer })];
  const closed = leaving.close();
  expect(await Promise.all(streams.map(({ over }) => over))).toEqual(['ended', 'ended']);
  await closed;
});
