import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type Credential, createTestApp, type Person, type TestApp } from '../app.ts';
import { createTestDatabase } from '../database.ts';
import { countPromise } from '../promises.ts';
import { type Cell, cells, needs, type Place, undocumented } from './cells.ts';
import {
  type CallerName,
  type Context,
  createFixture,
  type DeadName,
  type Fixture,
  type TargetKind,
} from './fixture.ts';
import { createBypassingLogin, isSuperuser } from './roles.ts';

const database = await createTestDatabase();
const app = await createTestApp({ database });
const second = await createTestDatabase();
const superuser = await isSuperuser(second.owner);
// Row-level security does not bind this one's login, so that what refuses is the use-cases' own check.
const bypassing = superuser ? await createBypassingLogin(second.owner, second.app) : null;
const unwalled = bypassing && (await createTestApp({ database: second, login: bypassing }));

const document = (await app.request(null, 'GET', '/api/v1/openapi.json')).json();
const operations = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

test('every operation has its cells, and every cell its operation', () => {
  expect([...operations].sort()).toEqual(Object.keys(cells).sort());
});

test('every route is in the document', () => {
  const documented = new Set(
    operations.map((operation) => operation.replace(/ /, ' /api/v1').replace(/\{(\w+)\}/g, ':$1')),
  );
  const routes = app.app.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`);
  expect([...new Set(routes)].filter((route) => !documented.has(route)).sort()).toEqual([...undocumented].sort());
});

test('by any other method, every address of the document answers that nothing is there', async () => {
  const routes = new Set([
    ...operations,
    ...undocumented.map((route) => route.replace('/api/v1', '').replace(/:(\w+)/g, '{$1}')),
  ]);
  for (const path of [...Object.keys(document.paths), '/nothing', '/photos/batch/nothing', '/docs/nothing']) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      // These paths stand in the place of another path's id, for which the method is an operation.
      const isId = [...routes].some((route) => matches(route, `${method} ${path}`));
      if (isId) continue;
      const address = path
        .replace('{variant}', 'preview')
        .replace('{month}', '2024-06')
        .replace(/\{(user_)?id\}/g, () => uuidv7());
      expect([method, path, (await app.request(null, method, `/api/v1${address}`)).status]).toEqual([
        method,
        path,
        404,
      ]);
    }
  }
});

/** Whether an operation's pattern takes this one's path. */
const matches = (pattern: string, operation: string): boolean =>
  new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+').replaceAll('*', '.*')}$`).test(operation);

describe('both walls', () => tryAll('cells of the isolation matrix', operations, () => app));
describe.skipIf(!superuser)('the access check alone, with row-level security out of the way', () => {
  // What is anybody's, or ends the one who asks, has no owner that this wall would have to name.
  const owned = operations.filter(
    (operation) => cells[operation]?.needs !== 'nothing' && !cells[operation]?.endsCaller,
  );
  tryAll('cells by the access check alone, with row-level security out of the way', owned, () => unwalled as TestApp);

  test('that login did see everybody’s rows, whoever it was asked for', async () => {
    const pool = new Pool({ ...bypassing, max: 1 });
    const { rows } = await pool.query('select distinct owner_id from photos').finally(() => pool.end());
    expect(rows.length).toBeGreaterThan(1);
  });
});

function tryAll(what: string, operations: readonly string[], server: () => TestApp): void {
  let fixture: Fixture;
  let before: string;

  let [tried, held, start] = [0, 0, 0];
  beforeEach(() => {
    start = requests;
  });
  afterEach(({ task }) => {
    tried += requests - start;
    if (task.result?.state !== 'fail') held += requests - start;
  });
  afterAll(() => countPromise({ promise: 3, what, tried, held }));

  beforeAll(async () => {
    fixture = await createFixture(server());
    before = await fixture.rowsOf(fixture.victim);
  });

  test.each(operations)('%s', async (operation) => {
    const cell = cells[operation] as Cell;
    const expected: Record<string, unknown> = {};
    const actual: Record<string, unknown> = {};
    for (const caller of Object.keys(fixture.callers) as CallerName[]) {
      for (const place of placesOf(cell)) {
        expected[`${caller}, ${place}`] = expectedStatus(cell, caller, place);
        actual[`${caller}, ${place}`] = await tryCell(fixture, operation, cell, caller, place);
      }
    }
    expect(actual).toEqual(expected);
  });

  test.each(operations)('%s: credentials that ended are nobody’s', async (operation) => {
    const cell = cells[operation] as Cell;
    const place = cell.target ? 'own' : 'absent';
    const nobodys = await send(
      fixture,
      operation,
      cell,
      null,
      await contextOf(fixture, cell, fixture.callers.owner, place, false),
    );
    for (const name of Object.keys(fixture.dead) as DeadName[]) {
      const context = await contextOf(fixture, cell, fixture.callers.owner, place, false);
      const answer = await send(fixture, operation, cell, fixture.dead[name], context);
      requireClean(fixture, cell, 'anonymous', answer);
      if (cell.needs === 'nothing') expect(answer.status, name).toBe(nobodys.status);
      else expect(comparable(answer, context.ids), name).toEqual(comparable(nobodys, context.ids));
    }
  });

  test.each(operations.filter((operation) => cells[operation]?.target && cells[operation]?.reach !== 'everybody'))(
    '%s: what is foreign and what is absent answer alike',
    async (operation) => {
      const cell = cells[operation] as Cell;
      for (const caller of Object.keys(fixture.callers) as CallerName[]) {
        for (const extra of extras(cell, fixture)) {
          const foreign = await contextOf(fixture, cell, fixture.callers[caller], 'foreign', false);
          const absent = await contextOf(fixture, cell, fixture.callers[caller], 'absent', false);
          const answers = [
            comparable(await send(fixture, operation, cell, fixture.callers[caller], foreign, extra), foreign.ids),
            comparable(await send(fixture, operation, cell, fixture.callers[caller], absent, extra), absent.ids),
          ];
          expect(answers[0], `${caller} ${JSON.stringify(extra)}`).toEqual(answers[1]);
        }
      }
    },
  );

  test.each(operations.filter((operation) => operation.startsWith('GET ')))('HEAD for %s', async (operation) => {
    const cell = cells[operation] as Cell;
    const heads = { ...cells[operation.replace('GET', 'HEAD')] } as Partial<Cell>;
    if (heads.needs) return;
    for (const caller of Object.keys(fixture.callers) as CallerName[]) {
      for (const place of placesOf(cell)) {
        const context = await contextOf(fixture, cell, fixture.callers[caller], place, false);
        const answer = await send(fixture, operation, cell, fixture.callers[caller], context, { method: 'HEAD' });
        expect([answer.status, answer.body.length], `${caller}, ${place}`).toEqual([
          expectedStatus(cell, caller, place),
          0,
        ]);
        requireClean(fixture, cell, caller, answer);
      }
    }
  });

  test.each(operations.filter((operation) => cells[operation]?.bytes))(
    'ranges and conditions of %s',
    async (operation) => {
      const cell = cells[operation] as Cell;
      const tag = (place: Place) =>
        (place === 'own' ? fixture.owner : fixture.victim).etags[variantOf(operation)] as string;
      for (const caller of Object.keys(fixture.callers) as CallerName[]) {
        for (const place of ['own', 'foreign', 'absent'] as const) {
          const status = expectedStatus(cell, caller, place);
          const context = await contextOf(fixture, cell, fixture.callers[caller], place, false);
          for (const [extra, success, length] of [
            [{ headers: { range: 'bytes=0-9' } }, 206, 10],
            [{ headers: { 'if-none-match': tag(place) } }, 304, 0],
            [{ headers: { 'if-none-match': '*' } }, 304, 0],
            [{ headers: { range: 'bytes=99999999-' } }, 416, null],
            [{ headers: { range: 'bytes=0-9', 'if-range': tag(place) } }, 206, 10],
          ] as const) {
            const answer = await send(fixture, operation, cell, fixture.callers[caller], context, extra);
            const what = `${caller}, ${place}, ${JSON.stringify(extra.headers)}`;
            expect(answer.status, what).toBe(status === 200 ? success : status);
            if (status === 200 && length !== null) expect(answer.body.length, what).toBe(length);
            requireClean(fixture, cell, caller, answer);
          }
        }
      }
    },
  );

  test('the owner does find what was marked, so that the search above can find it too', async () => {
    const seen = Buffer.concat(
      await Promise.all(
        [
          '/photos',
          '/timeline/2024-06',
          '/api-keys',
          '/sessions',
          `/albums/${fixture.owner.targets.album}`,
          `/photos/${fixture.owner.targets.photo}`,
          `/photos/${fixture.owner.targets.photo}/metadata`,
        ].map(async (path) => raw(await fixture.app.request(fixture.callers.owner, 'GET', `/api/v1${path}`))),
      ),
    );
    for (const secret of fixture.owner.secrets.slice(0, 6)) expect(seen.includes(secret), String(secret)).toBe(true);
    for (const secret of fixture.owner.secrets.slice(7)) expect(seen.includes(secret), String(secret)).toBe(true);
  });

  test('through all of it, no row of the victim has changed, and what others tried at the owner’s is still there', async () => {
    expect(await fixture.rowsOf(fixture.victim)).toEqual(before);
    const owners = await fixture.rowsOf(fixture.owner);
    const { user: _, invitation: __, job: ___, ...standing } = fixture.owner.targets;
    for (const [kind, id] of Object.entries(standing)) expect(owners.includes(id), kind).toBe(true);
  });
}

/** All places an operation's id can be in. */
function placesOf(cell: Cell): Place[] {
  if (!cell.target) return ['absent'];
  return [
    'own',
    'foreign',
    'absent',
    'malformed',
    ...(cell.malformed === 'body' && !cell.takesOne ? (['mixed'] as const) : []),
  ];
}

const isMember = (caller: CallerName): caller is 'viewer' | 'contributor' =>
  caller === 'viewer' || caller === 'contributor';

function membersAnswer(cell: Cell, caller: 'viewer' | 'contributor'): number {
  const lets = { see: true, add: caller === 'contributor', leave: caller === 'viewer', refused: false };
  return cell.members && lets[cell.members] ? cell.ok : 403;
}

const isOwners = (caller: CallerName): boolean => caller === 'owner' || caller.startsWith('key');

function expectedStatus(cell: Cell, caller: CallerName, place: Place): number {
  const verdict = needs[cell.needs][caller];
  if (place === 'malformed' && cell.malformed !== 'late') return cell.malformed === 'body' ? 400 : 404;
  if (verdict !== 'ok') return verdict;
  if (!cell.target) return cell.ok;
  if (place === 'own' && isOwners(caller)) return cell.ok;
  if (place === 'own' && isMember(caller) && cell.members) return membersAnswer(cell, caller);
  return cell.reach === 'everybody' && (place === 'own' || place === 'foreign') ? cell.ok : 404;
}

/** Sends the request of one cell and looks its answer through. @returns the status, or what is wrong beyond it */
async function tryCell(
  fixture: Fixture,
  operation: string,
  cell: Cell,
  caller: CallerName,
  place: Place,
): Promise<number> {
  const succeeds = expectedStatus(cell, caller, place) === cell.ok;
  const as = cell.endsCaller && succeeds ? await understudy(fixture, caller) : fixture.callers[caller];
  const context = await contextOf(fixture, cell, as, place, succeeds);
  const answer = await send(fixture, operation, cell, as, context);
  requireClean(fixture, cell, caller, answer);
  if (place === 'malformed' && answer.status < 500) {
    // Capital letters make another text, and no other text may name the same thing.
    const shouted = { ...context, ids: [fixture.owner.targets[cell.target as TargetKind].toUpperCase()] };
    expect((await send(fixture, operation, cell, as, shouted)).status, 'an id in capitals').toBe(answer.status);
  }
  return answer.status;
}

const isPerson = (caller: CallerName): boolean => caller !== 'anonymous' && !caller.startsWith('key');

/** Somebody of the same standing, for what ends the one who asks for it. */
async function understudy(fixture: Fixture, caller: CallerName): Promise<Person | Credential> {
  if (!isPerson(caller)) return fixture.callers[caller];
  const person = await fixture.app.signUp();
  if (caller === 'admin') {
    await fixture.app.request(fixture.admin, 'PATCH', `/api/v1/users/${person.id}`, { json: { role: 'admin' } });
  }
  return person;
}

async function contextOf(
  fixture: Fixture,
  cell: Cell,
  as: Person | Credential,
  place: Place,
  succeeds: boolean,
): Promise<Context> {
  const kind = cell.target;
  const person = as !== null && 'username' in as ? as : fixture.owner.person;
  const resident = place === 'foreign' ? fixture.victim : fixture.owner;
  const made = kind && succeeds ? await fixture.make(kind, resident) : null;
  const own = made?.id ?? (kind ? resident.targets[kind] : '');
  const ids = {
    own: [own],
    foreign: [own],
    absent: [uuidv7()],
    malformed: ['not-an-id'],
    mixed: [own, kind ? fixture.victim.targets[kind] : ''],
  }[place];
  return {
    person,
    ids,
    targetName: made?.name ?? resident.person.username,
    name: `walker-${randomBytes(4).toString('hex')}`,
    walkIn: fixture.walkIn,
    picture: fixture.picture,
    ownPhoto: fixture.photoOf.get(person.id) ?? fixture.owner.targets.photo,
    sharedPhoto: fixture.owner.targets.photo,
    viewer: fixture.viewer,
    contributor: fixture.contributor,
  };
}

let requests = 0;

interface Extra {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(
  fixture: Fixture,
  operation: string,
  cell: Cell,
  as: Person | Credential,
  context: Context,
  extra: Extra = {},
): Promise<Answer> {
  const [method = '', pattern = ''] = operation.split(' ');
  const { path: more, ...options } = (await cell.send?.(context)) ?? {};
  const named: Record<string, string> = { id: context.ids[0] ?? '', variant: 'preview', month: '2024-06', ...more };
  const path = pattern.replace(/\{(\w+)\}/g, (_, name: string) => named[name] ?? '');
  // Each is counted by its own address, or the limits of the public routes would answer in place of the routes.
  requests += 1;
  const from: Record<string, string> =
    cell.needs === 'nothing' ? { 'x-forwarded-for': `10.99.${requests >> 8}.${requests & 255}` } : {};
  return fixture.app.request(as, extra.method ?? method, `/api/v1${path}`, {
    ...options,
    headers: { ...from, ...options.headers, ...extra.headers },
  });
}

const variantOf = (operation: string): string =>
  operation.includes('thumbnail') ? 'small' : operation.includes('{variant}') ? 'preview' : 'original';

/** The further shapes in which foreign and absent must look alike. */
function extras(cell: Cell, fixture: Fixture): Extra[] {
  if (!cell.bytes) return [{}];
  return [
    {},
    { method: 'HEAD' },
    { headers: { range: 'bytes=0-9' } },
    ...Object.values(fixture.victim.etags).map((tag) => ({ headers: { 'if-none-match': tag } })),
  ];
}

const raw = (answer: Answer): Buffer => Buffer.concat([Buffer.from(answer.rawHeaders.join('\n')), answer.body]);

/** An answer without what differs between any two: its date and id, and the id it was asked about. */
function comparable(answer: Answer, ids: readonly string[]): unknown {
  const { date: _, 'x-request-id': __, ...headers } = answer.headers;
  return { status: answer.status, headers, body: ids.reduce((text, id) => text.replaceAll(id, '<id>'), answer.text) };
}

/** Fails when an answer holds anything of somebody else, is kept by caches that are shared, or is an error of the server. */
function requireClean(fixture: Fixture, cell: Cell, caller: CallerName, answer: Answer): void {
  const whole = raw(answer);
  const succeeded = answer.status < 400;
  const knows = cell.showsPeople && caller === 'admin' && succeeded;
  for (const resident of [fixture.owner, fixture.victim]) {
    if (resident === fixture.owner && isOwners(caller) && succeeded) continue;
    const meetsOwner =
      resident === fixture.owner && isMember(caller) && succeeded && !!(cell.members || cell.showsAlbums);
    const hidden = meetsOwner
      ? resident.secrets.filter((secret) => !resident.shared.includes(secret))
      : resident.secrets;
    for (const secret of hidden) expect(whole.includes(secret), `${caller} was shown ${secret}`).toBe(false);
    if (knows || meetsOwner || (resident === fixture.owner && isOwners(caller))) continue;
    for (const name of resident.profile) expect(whole.includes(name), `${caller} was shown ${name}`).toBe(false);
  }
  expect(String(answer.headers['cache-control'])).toMatch(/no-store|private/);
  if (answer.status !== 503) expect(answer.status).toBeLessThan(500);
}
