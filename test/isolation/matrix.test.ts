import { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../app.ts';
import { createTestDatabase } from '../database.ts';
import { countPromise } from '../promises.ts';
import { type Cell, cells, type Place, undocumented } from './cells.ts';
import { type CallerName, createFixture, type DeadName, type Fixture } from './fixture.ts';
import { createBypassingLogin, isSuperuser } from './roles.ts';
import {
  comparable,
  contextOf,
  expectedStatus,
  extras,
  placesOf,
  raw,
  requests,
  requireClean,
  send,
  tryOperation,
  variantOf,
} from './try-cells.ts';

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
  const named = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
  // Those of earlier systems are in the pages on moving, and each system has its cells in `legacy/`.
  const earlier = new Set(app.app.legacy.router.routes.map(named));
  const routes = app.app.app.routes.filter(({ method }) => method !== 'ALL').map(named);
  const unknown = [...new Set(routes)].filter((route) => !earlier.has(route) && !documented.has(route));
  expect(unknown.sort()).toEqual([...undocumented].sort());
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
    const { expected, actual } = await tryOperation(fixture, operation);
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

  // An organization that everyone may see is there for everyone.
  const isVisible = (cell: Cell | undefined) => cell?.reach === 'everybody' || cell?.target === 'open_organization';
  test.each(operations.filter((operation) => cells[operation]?.target && !isVisible(cells[operation])))(
    '%s: what is foreign and what is absent answer alike',
    async (operation) => {
      const cell = cells[operation] as Cell;
      for (const caller of Object.keys(fixture.callers) as CallerName[]) {
        // Who administers the instance administers every organization.
        if (cell.target === 'organization' && caller.startsWith('admin')) continue;
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
          `/generation/sessions/${fixture.owner.targets.generation_session}`,
          '/templates?limit=100',
          '/timeline/2024-06',
          '/api-keys',
          '/sessions',
          `/albums/${fixture.owner.targets.album}`,
          `/organizations/${fixture.owner.targets.organization}`,
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
