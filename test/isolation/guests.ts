import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Answer, Person, RequestOptions, TestApp } from '../app.ts';
import type { Fixture, Resident } from './fixture.ts';

/** Somebody who comes by a link: its key, and what they show besides. */
interface Guest {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the links of these guests lead to: an album of the owner's with one photo in it, one in the trash, and one outside. */
export interface GuestFixture {
  readonly guests: Readonly<Record<string, { readonly guest: Guest; readonly answer: number }>>;
  /** What a guest may ask for by id, and whether it is within the links. */
  readonly photos: Readonly<Record<'shown' | 'outside' | 'trashed' | 'foreign' | 'absent', string>>;
  readonly resident: Resident;
}

/** What a link must allow for an operation; nothing for looking. */
type Permission = 'allow_download' | 'allow_upload';

export interface GuestCell {
  readonly method: string;
  readonly path: string;
  readonly ok: number;
  readonly needs?: Permission;
  /** It names a photo: every place is tried. */
  readonly takesPhoto?: true;
  /** It gives bytes: HEAD, Range and conditions are tried as well. */
  readonly bytes?: true;
  /** What guests in these states are answered in place of what they are elsewhere. */
  readonly answers?: Readonly<Record<string, number>>;
  readonly send?: (fixture: Fixture) => Promise<RequestOptions>;
}

/** Every operation of guests; the document has the same under `/share/{key}`. */
export const guestCells: Readonly<Record<string, GuestCell>> = {
  // Without a password: who must show one has it in no cell but by a session, which is kept.
  unlock: {
    method: 'POST',
    path: '/unlock',
    ok: 200,
    answers: { 'link that counts, nobody counted': 200 },
    send: async ({ app }) => ({ json: {}, headers: { origin: app.url } }),
  },
  view: { method: 'GET', path: '', ok: 200 },
  layout: { method: 'GET', path: '/layout', ok: 200 },
  photo: { method: 'GET', path: '/photos/{photo}', ok: 200, takesPhoto: true },
  preview: { method: 'GET', path: '/photos/{photo}/preview', ok: 200, takesPhoto: true, bytes: true },
  medium: { method: 'GET', path: '/photos/{photo}/medium', ok: 200, takesPhoto: true, bytes: true },
  small: { method: 'GET', path: '/photos/{photo}/small', ok: 200, takesPhoto: true, bytes: true },
  original: {
    method: 'GET',
    path: '/photos/{photo}/original',
    ok: 200,
    takesPhoto: true,
    bytes: true,
    needs: 'allow_download',
  },
  download: { method: 'GET', path: '/download', ok: 200, needs: 'allow_download' },
  upload: {
    method: 'POST',
    path: '/photos?filename=guest.jpg',
    ok: 201,
    needs: 'allow_upload',
    send: async ({ picture }) => ({ body: await picture() }),
  },
};

export const mounts = ['/api/v1/share', '/s'] as const;
const password = 'kept between us';

/** Links of every state to an album of the owner's, and one guest of each kind. */
export async function createGuests(fixture: Fixture): Promise<GuestFixture> {
  const { app, owner } = fixture;
  const outside = await app.upload(owner.person, await fixture.picture(), 'outside.jpg');
  const album = (await fixture.make('album', owner)).id;
  const trashed = (await app.upload(owner.person, await fixture.picture(), 'trashed.jpg')).id as string;
  await call(app, owner.person, 'POST', `/albums/${album}/photos`, { photo_ids: [trashed] });
  await call(app, owner.person, 'DELETE', `/photos/${trashed}`);

  const link = async (more: object = {}, by: Person = owner.person, target = album) =>
    (await call(app, by, 'POST', '/share/create', { album_id: target, ...more })) as { id: string; access_key: string };
  const plain = (key: string, headers: Record<string, string> = {}): Guest => ({ key, headers });
  const unlock = async (key: string, json: object = {}): Promise<Guest> => {
    const { session } = (await call(app, null, 'POST', `/share/${key}/unlock`, json)) as { session: string };
    return plain(key, { 'x-share-session': session });
  };

  const open = await link();
  const locked = await link({ password });
  const changed = await link({ password });
  const beforeChange = await unlock(changed.access_key, { password });
  await call(app, owner.person, 'PATCH', `/share-links/${changed.id}`, { password: 'another one now' });
  const counted = await link({ max_views: 100_000 });
  const usedUp = await link({ max_views: 1 });
  const theOne = await unlock(usedUp.access_key);
  const expired = await link({ password });
  const wasInTime = await unlock(expired.access_key, { password });
  await as(app, owner, sql`update shared_links set expires_at = now() - interval '1 second' where id = ${expired.id}`);
  const revoked = await link({ password });
  const wasIn = await unlock(revoked.access_key, { password });
  await call(app, owner.person, 'DELETE', `/share-links/${revoked.id}`);
  const other = await link({ password });
  const somebody = await app.signUp();
  const theirs = (await call(app, somebody, 'POST', '/albums', { name: 'of somebody who is disabled' })) as {
    id: string;
  };
  const disabled = await link({}, somebody, theirs.id);
  await call(app, fixture.admin, 'PATCH', `/users/${somebody.id}`, { disabled: true });
  const all = await link({ password, allow_download: true, allow_upload: true });
  const downloads = await link({ allow_download: true });
  const uploads = await link({ allow_upload: true });

  const lockedSession = await unlock(locked.access_key, { password });
  return {
    resident: owner,
    photos: {
      shown: owner.targets.photo,
      outside: outside.id,
      trashed,
      foreign: fixture.victim.targets.photo,
      absent: '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e',
    },
    guests: {
      'open link': { guest: plain(open.access_key), answer: 200 },
      'link locked': { guest: plain(locked.access_key), answer: 401 },
      'link locked, wrong session': {
        guest: plain(locked.access_key, { 'x-share-session': randomBytes(60).toString('base64url') }),
        answer: 401,
      },
      'link locked, session of another link': {
        guest: plain(locked.access_key, (await unlock(other.access_key, { password })).headers),
        answer: 401,
      },
      'link locked, session as a cookie of another link': {
        guest: plain(other.access_key, {
          cookie: `tintype_guest=${lockedSession.headers['x-share-session']}`,
          origin: app.url,
        }),
        answer: 401,
      },
      'link unlocked': { guest: lockedSession, answer: 200 },
      'link unlocked by a cookie': {
        guest: plain(locked.access_key, {
          cookie: `tintype_guest=${lockedSession.headers['x-share-session']}`,
          origin: app.url,
        }),
        answer: 200,
      },
      'link unlocked, its password changed since': { guest: beforeChange, answer: 401 },
      'link that counts, nobody counted': { guest: plain(counted.access_key), answer: 401 },
      'link that counts, counted': { guest: await unlock(counted.access_key), answer: 200 },
      'link used up': { guest: plain(usedUp.access_key), answer: 410 },
      'link used up, by the one who was counted': { guest: theOne, answer: 200 },
      'link expired': { guest: plain(expired.access_key), answer: 410 },
      'link expired, unlocked in time': { guest: wasInTime, answer: 410 },
      'link revoked': { guest: plain(revoked.access_key), answer: 410 },
      'link revoked, unlocked before': { guest: wasIn, answer: 410 },
      'link of somebody disabled': { guest: plain(disabled.access_key), answer: 410 },
      'no link': { guest: plain(randomBytes(32).toString('base64url')), answer: 404 },
      'link that allows all, locked': { guest: plain(all.access_key), answer: 401 },
      'link that allows all, unlocked': { guest: await unlock(all.access_key, { password }), answer: 200 },
      'link that allows downloads': { guest: plain(downloads.access_key), answer: 200 },
      'link that allows uploads': { guest: plain(uploads.access_key), answer: 200 },
    },
  };
}

const allows: Readonly<Record<string, readonly Permission[]>> = {
  'link that allows all, unlocked': ['allow_download', 'allow_upload'],
  'link that allows downloads': ['allow_download'],
  'link that allows uploads': ['allow_upload'],
};

type Deviation = { readonly what: string; readonly expected: unknown; readonly actual: unknown };

/** The shapes in which a request for bytes can come, and what each is answered where the bytes themselves would be 200. */
function shapesOf(cell: GuestCell) {
  const plain = [{ method: cell.method, headers: {}, success: cell.ok }];
  if (cell.method === 'GET') plain.push({ method: 'HEAD', headers: {}, success: cell.ok });
  if (!cell.bytes) return plain;
  return [
    ...plain,
    { method: 'GET', headers: { range: 'bytes=0-9' }, success: 206 },
    // A range is asked of GET alone.
    { method: 'HEAD', headers: { range: 'bytes=0-9' }, success: 200 },
    { method: 'GET', headers: { 'if-none-match': '*' }, success: 304 },
  ] as { method: string; headers: Record<string, string>; success: number }[];
}

/**
 * Sends one operation as every guest, for every place and in every shape.
 * @returns where an answer is another than the cells say, or shows what it must not; and how many were sent
 */
export async function tryGuests(
  fixture: Fixture,
  guests: GuestFixture,
  operation: string,
  { firstOnly = false, signedInAs = null as Person | null, by = mounts as readonly string[] } = {},
): Promise<{ deviations: Deviation[]; tried: number }> {
  const cell = guestCells[operation] as GuestCell;
  const deviations: Deviation[] = [];
  let tried = 0;
  for (const mount of by) {
    for (const [name, { guest, answer }] of Object.entries(guests.guests)) {
      for (const place of cell.takesPhoto ? (['shown', 'outside', 'trashed', 'foreign', 'absent'] as const) : [null]) {
        for (const shape of shapesOf(cell)) {
          const expected = expectedStatus(cell, name, answer, place, shape.success);
          const path = `${mount}/${guest.key}${cell.path.replace('{photo}', place ? guests.photos[place] : '')}`;
          const options = (await cell.send?.(fixture)) ?? {};
          const response = await fixture.app.request(signedInAs, shape.method, path, {
            ...options,
            headers: { ...guest.headers, ...shape.headers, ...options.headers },
          });
          tried += 1;
          const what = `${shape.method} ${mount} ${operation} ${JSON.stringify(shape.headers)} as ${name}, ${place}`;
          if (response.status !== expected) deviations.push({ what, expected, actual: response.status });
          else {
            const shown = leak(fixture, response, name);
            if (shown) deviations.push({ what, expected: 'nothing of anybody', actual: shown });
          }
          if (firstOnly && deviations.length > 0) return { deviations, tried };
        }
      }
    }
  }
  return { deviations, tried };
}

function expectedStatus(
  cell: GuestCell,
  name: string,
  answer: number,
  place: keyof GuestFixture['photos'] | null,
  success: number,
): number {
  const own = cell.answers?.[name];
  if (own !== undefined) return own;
  if (answer !== 200) return answer;
  if (cell.needs && !allows[name]?.includes(cell.needs)) return 403;
  return place === null || place === 'shown' ? success : 404;
}

/** What an answer shows that is not for this guest. */
function leak(fixture: Fixture, answer: Answer, name: string): string | undefined {
  const whole = Buffer.concat([Buffer.from(answer.rawHeaders.join('\n')), answer.body]);
  const own =
    answer.status < 400
      ? fixture.owner.secrets.filter((secret) => !fixture.owner.shared.includes(secret))
      : fixture.owner.secrets;
  const found = [...own, ...fixture.victim.secrets].find((secret) => whole.includes(secret));
  if (found) return String(found);
  // No camera, place or name of a file's owner without show_metadata, which none of these links has.
  const camera = fixture.owner.shared.slice(2, 4).find((secret) => whole.includes(secret));
  if (camera) return `${name}: ${String(camera)}`;
  if (!/no-store|private/.test(String(answer.headers['cache-control']))) return 'an answer that shared caches keep';
  return undefined;
}

async function call(app: TestApp, who: Person | null, method: string, path: string, json?: object): Promise<unknown> {
  const answer = await app.request(who, method, `/api/v1${path}`, json ? { json } : {});
  if (answer.status >= 400) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
  return answer.text === '' ? null : answer.json();
}

const as = (app: TestApp, { principal }: Resident, statement: ReturnType<typeof sql>): Promise<unknown> =>
  app.database.database.as(principal, (tx: Kysely<unknown>) => statement.execute(tx));
