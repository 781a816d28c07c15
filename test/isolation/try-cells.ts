import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { expect } from 'vitest';
import type { Answer, Credential, Person } from '../app.ts';
import { type Cell, cells, needs, type Place } from './cells.ts';
import type { CallerName, Context, Fixture, Resident, TargetKind } from './fixture.ts';

/** All places an operation's id can be in. */
export function placesOf(cell: Cell): Place[] {
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

/** Who administers the instance reaches every organization; who is asked to join does not belong to it yet. */
function organizationAnswer(cell: Cell, caller: CallerName, place: Place): number {
  if (place !== 'own' && place !== 'foreign') return 404;
  if (caller === 'admin' || caller === 'adminKey') return cell.ok;
  if (place === 'own' && isOwners(caller)) return cell.ok;
  if (place === 'own' && caller === 'viewer') return cell.members === 'refused' ? 403 : cell.ok;
  return cell.target === 'open_organization' ? 403 : 404;
}

const isOfOrganization = ({ target }: Cell): boolean => target === 'organization' || target === 'open_organization';

export function expectedStatus(cell: Cell, caller: CallerName, place: Place): number {
  const verdict = needs[cell.needs][caller];
  if (place === 'malformed' && cell.malformed !== 'late') return cell.malformed === 'body' ? 400 : 404;
  if (verdict !== 'ok') return verdict;
  if (!cell.target) return cell.ok;
  if (isOfOrganization(cell)) return organizationAnswer(cell, caller, place);
  if (place === 'own' && isOwners(caller)) return cell.ok;
  if (place === 'own' && isMember(caller) && cell.members) return membersAnswer(cell, caller);
  return cell.reach === 'everybody' && (place === 'own' || place === 'foreign') ? cell.ok : 404;
}

/**
 * Every cell of an operation: each caller, each place.
 * @param firstOnly stops at the first answer that is another than it should be
 */
export async function tryOperation(fixture: Fixture, operation: string, { firstOnly = false } = {}) {
  const cell = cells[operation] as Cell;
  const expected: Record<string, unknown> = {};
  const actual: Record<string, unknown> = {};
  for (const caller of Object.keys(fixture.callers) as CallerName[]) {
    for (const place of placesOf(cell)) {
      const name = `${caller}, ${place}`;
      expected[name] = expectedStatus(cell, caller, place);
      actual[name] = await tryCell(fixture, operation, cell, caller, place);
      if (firstOnly && actual[name] !== expected[name]) return { expected, actual };
    }
    for (const [n, lent] of (cell.lends ?? []).entries()) {
      const name = `${caller}, with something foreign in the body (${n + 1})`;
      const due = expectedStatus(cell, caller, 'own');
      expected[name] = due === cell.ok ? 404 : due;
      const context = await contextOf(fixture, cell, fixture.callers[caller], 'own', false);
      const answer = await send(fixture, operation, { ...cell, send: lent }, fixture.callers[caller], context);
      requireClean(fixture, cell, caller, answer);
      actual[name] = answer.status;
      if (firstOnly && actual[name] !== expected[name]) return { expected, actual };
    }
  }
  return { expected, actual };
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

const isPerson = (caller: CallerName): boolean =>
  caller !== 'anonymous' && caller !== 'adminKey' && !caller.startsWith('key');

/** Somebody of the same standing, for what ends the one who asks for it. */
async function understudy(fixture: Fixture, caller: CallerName): Promise<Person | Credential> {
  if (!isPerson(caller)) return fixture.callers[caller];
  const person = await fixture.app.signUp();
  if (caller === 'admin') {
    await fixture.app.request(fixture.admin, 'PATCH', `/api/v1/users/${person.id}`, { json: { role: 'admin' } });
  }
  return person;
}

export async function contextOf(
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
    ownPhoto: fixture.photoOf[callerOf(fixture, as)] ?? fixture.owner.targets.photo,
    sharedPhoto: fixture.owner.targets.photo,
    viewer: fixture.viewer,
    contributor: fixture.contributor,
    chorister: fixture.chorister,
    candidate: fixture.candidate,
    victims: fixture.victim.targets,
  };
}

const callerOf = (fixture: Fixture, as: Person | Credential): CallerName =>
  (Object.keys(fixture.callers) as CallerName[]).find((name) => fixture.callers[name] === as) ?? 'anonymous';

/** How many requests were sent. */
export let requests = 0;

interface Extra {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function send(
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
  return fixture.app.request(as, extra.method ?? method, `${cell.isPublic ? '' : '/api/v1'}${path}`, {
    ...options,
    headers: { ...from, ...options.headers, ...extra.headers },
  });
}

export const variantOf = (operation: string): string =>
  operation.includes('thumbnail') ? 'small' : operation.includes('{variant}') ? 'preview' : 'original';

/** The further shapes in which foreign and absent must look alike. */
export function extras(cell: Cell, fixture: Fixture): Extra[] {
  if (!cell.bytes) return [{}];
  return [
    {},
    { method: 'HEAD' },
    { headers: { range: 'bytes=0-9' } },
    ...Object.values(fixture.victim.etags).map((tag) => ({ headers: { 'if-none-match': tag } })),
  ];
}

/** All of an answer that a secret could be in. */
export const raw = (answer: Answer): Buffer => Buffer.concat([Buffer.from(answer.rawHeaders.join('\n')), answer.body]);

/** An answer without what differs between any two: its date and id, and the id it was asked about. */
export function comparable(answer: Answer, ids: readonly string[]): unknown {
  const { date: _, 'x-request-id': __, ...headers } = answer.headers;
  return { status: answer.status, headers, body: ids.reduce((text, id) => text.replaceAll(id, '<id>'), answer.text) };
}

/** What of an organization's words a success may show: all to who belongs to it, the name to who is asked to join. */
function organizationalWords(fixture: Fixture, cell: Cell, caller: CallerName, resident: Resident): readonly string[] {
  const { organizational } = resident;
  const isOf = isOfOrganization(cell) || cell.showsOrganizations === 'all';
  if (isOf && (caller === 'admin' || caller === 'adminKey')) return organizational;
  if (resident !== fixture.owner) return [];
  if (isOf && caller === 'viewer') return organizational;
  return cell.showsOrganizations === 'asked' && caller === 'contributor' ? organizational.slice(0, 1) : [];
}

/** Fails when an answer holds anything of somebody else, is kept by caches that are shared, or is an error of the server. */
export function requireClean(fixture: Fixture, cell: Cell, caller: CallerName, answer: Answer): void {
  const whole = raw(answer);
  const succeeded = answer.status < 400;
  const knows = cell.showsPeople && caller === 'admin' && succeeded;
  for (const resident of [fixture.owner, fixture.victim]) {
    if (resident === fixture.owner && isOwners(caller) && succeeded) continue;
    const meetsOwner =
      resident === fixture.owner && isMember(caller) && succeeded && !!(cell.members || cell.showsAlbums);
    const organizational = succeeded ? organizationalWords(fixture, cell, caller, resident) : [];
    const allowed = [...(meetsOwner ? resident.shared : []), ...organizational];
    const hidden = resident.secrets.filter((secret) => !allowed.includes(secret));
    for (const secret of hidden) expect(whole.includes(secret), `${caller} was shown ${secret}`).toBe(false);
    if (knows || meetsOwner || organizational.length > 0 || (resident === fixture.owner && isOwners(caller))) continue;
    for (const name of resident.profile) expect(whole.includes(name), `${caller} was shown ${name}`).toBe(false);
  }
  expect(String(answer.headers['cache-control'])).toMatch(cell.isPublic ? /no-store|public/ : /no-store|private/);
  if (answer.status !== 503) expect(answer.status).toBeLessThan(500);
}
