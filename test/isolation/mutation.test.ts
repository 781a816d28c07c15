import './checks.ts';
import { afterAll, describe, expect, test } from 'vitest';
import { rules } from '#features/access/access.ts';
import { createTestApp } from '../app.ts';
import { createTestDatabase } from '../database.ts';
import { countPromise } from '../promises.ts';
import { cells } from './cells.ts';
import { checks } from './checks.ts';
import { createFixture, type Fixture } from './fixture.ts';
import { createGuests, type GuestFixture, guestCells, tryGuests } from './guests.ts';
import { createBypassingLogin, isSuperuser } from './roles.ts';
import { tryOperation } from './try-cells.ts';

/*
 * Takes each access check out in turn, while row-level security is out of the way, and asks the matrix again: an answer
 * must change, or the check was held by nothing. The checks are found in the sources (`removable-checks.ts`), not listed.
 */

/** Checks that nothing can tell from their absence, and why; one that is missed after all, or is gone, fails the build. */
const equivalent: Readonly<Record<string, string>> = {
  'features/access/access.ts if (!rule)': 'no use-case names an action that the table lacks: the types forbid it',
  'features/access/access.ts if (!rule.resource)': 'no use-case names ids of an action without a resource',
  'features/access/access.ts requireAllowed any action':
    'each use-case has asked the same before it opened a transaction',
  'features/photos/resumable-upload.ts requireAllowed upload.continue':
    'whoever comes by tus was asked for `photo.create` before, which takes the same scope',
  'rule link.create, scope':
    'what is shared is asked for as `photo.change` or `album.change`, which take the same scope',
  'rule album.leave, scope': 'no caller here is the key of a member; `albums.test.ts` has one',
  'rule organization.leave, scope': 'nobody here leaves one; `organizations.test.ts` has a key that tries to',
  'features/organizations/manage-invitations.ts requireAccess organization.answer':
    'the function that accepts finds the caller’s own invitation alone, and 404 is the answer of both',
  'features/organizations/manage-invitations.ts requireAccess organization.answer (2)':
    'the function that declines finds the caller’s own invitation alone, and 404 is the answer of both',
  'features/generation/choose-image.ts requireAccess step.change':
    'a picture of one’s own is of no step of another’s, and one of another’s is refused by itself',
  'features/generation/retry-retrieval.ts requireAccess alternative.change':
    'one’s own are looked for to begin with, and all others asked for as `photo.own`, so that both answer alike',
  'features/generation/retry-retrieval.ts requireAccess alternative.change (2)':
    'one’s own are looked for to begin with, and all others asked for as `photo.own`, so that both answer alike',
  'rule model.refresh, also': 'what it answers with is asked for as `model.list`, which takes that scope',
  'features/sharing/visit-link.ts requireGuestAccess guest.look': 'it names no photo and needs no permission',
  'features/sharing/visit-link.ts requireGuestAccess guest.look (2)': 'it names no photo and needs no permission',
};

/** `requireAccess` repeats what `requireAllowed` asked before it; that check is only out once its repetition is as well. */
const repetition = 'features/access/access.ts requireAllowed any action';

const database = await createTestDatabase();
const hasSuperuser = await isSuperuser(database.owner);
const login = hasSuperuser ? await createBypassingLogin(database.owner, database.app) : undefined;
const app = await createTestApp({ database, ...(login ? { login } : {}) });
const administrator = await app.signUp();

const withoutNumber = (check: string): string => check.replace(/ \(\d+\)$/, '');
const isTwin = (check: string, other: string): boolean => withoutNumber(check) === withoutNumber(other);

/** Who is asked, and made anew once a mutant has let somebody change what is the owner's or the victim's. */
let fixture: Fixture | null = null;
let guests: GuestFixture | null = null;
const requireFixture = async (): Promise<Fixture> => (fixture ??= await createFixture(app, administrator));
const requireGuests = async (): Promise<GuestFixture> => (guests ??= await createGuests(await requireFixture()));

interface Found {
  readonly what: string;
  /** Somebody was let in who should not have been: what they did may be in the way of the next one. */
  readonly isDone: boolean;
}

/** Looks an operation through for an answer that is another than its cells say. @returns the first, or null */
async function findDeviation(operation: string): Promise<Found | null> {
  const isWriting = !operation.startsWith('GET ') && guestCells[operation]?.method !== 'GET';
  if (operation in guestCells) {
    const { deviations } = await tryGuests(await requireFixture(), await requireGuests(), operation, {
      firstOnly: true,
      by: ['/s'],
    });
    // What a guest can send is one photo more.
    return deviations[0] ? { what: JSON.stringify(deviations[0]), isDone: false } : null;
  }
  try {
    const { expected, actual } = await tryOperation(await requireFixture(), operation, { firstOnly: true });
    const name = Object.keys(actual).find((one) => actual[one] !== expected[one]);
    if (!name) return null;
    const isDone = isWriting && Number(actual[name]) < 400;
    return { what: `${name}: ${actual[name]} in place of ${expected[name]}`, isDone };
  } catch (error) {
    // An answer that shows what it must not fails where it is looked through.
    return { what: (error as Error).message, isDone: isWriting };
  }
}

type Reached = Map<string, string[]>;

/** Which operations come upon each check and each action, reading ones first: they leave everything as it was. */
async function record(): Promise<{ reached: Reached; asking: Reached }> {
  const reached: Reached = new Map();
  const asking: Reached = new Map();
  const note = (map: Reached, name: string, operation: string) => map.set(name, [...(map.get(name) ?? []), operation]);
  const operations = [...Object.keys(cells), ...Object.keys(guestCells)].toSorted(
    (a, b) => Number(b.startsWith('GET ')) - Number(a.startsWith('GET ')),
  );
  for (const operation of operations) {
    checks.met.clear();
    checks.asked.clear();
    const deviation = await findDeviation(operation);
    if (deviation) throw new Error(`${operation} is not as its cells say to begin with: ${deviation.what}`);
    for (const check of checks.met) note(reached, check, operation);
    for (const action of checks.asked) note(asking, action, operation);
  }
  return { reached, asking };
}

/** Runs with one thing out of order. @returns the first operation that told of it, or null where none did */
async function huntWith(operations: readonly string[], breakIt: () => () => void): Promise<string | null> {
  if (operations.some((operation) => operation in guestCells)) await requireGuests();
  await requireFixture();
  const mend = breakIt();
  try {
    for (const operation of operations) {
      const deviation = await findDeviation(operation);
      if (!deviation) continue;
      if (deviation.isDone) [fixture, guests] = [null, null];
      return `${operation}: ${deviation.what}`;
    }
    return null;
  } finally {
    mend();
  }
}

describe.skipIf(!hasSuperuser)('without one access check, by the access check alone', () => {
  let tried = 0;
  let held = 0;
  afterAll(() =>
    countPromise({ promise: 3, what: 'access checks, each taken out once, that the tests then missed', tried, held }),
  );

  test('the tests miss it', { timeout: 1_800_000 }, async () => {
    const { reached, asking } = await record();
    const survivors: string[] = [];
    const caught: string[] = [];
    const hunt = async (name: string, operations: readonly string[], breakIt: () => () => void) => {
      const found = await huntWith(operations, breakIt);
      if (!(name in equivalent)) {
        tried += 1;
        if (found) held += 1;
      }
      if (found && name in equivalent) caught.push(`${name}: ${found}`);
      if (!found && !(name in equivalent)) survivors.push(name);
    };

    for (const [check, operations] of reached) {
      await hunt(check, operations, () => {
        // One use-case may ask the same twice, before its transaction and on the way to it: that is one check.
        const same = check.includes(' requireAllowed ')
          ? [...reached.keys()].filter((other) => isTwin(check, other))
          : [];
        for (const name of [check, ...same]) checks.removed.add(name);
        if (same.length > 0) checks.removed.add(repetition);
        return () => checks.removed.clear();
      });
    }
    // The table itself: another scope, no role, no word about what one sees without reaching it.
    for (const [action, rule] of Object.entries(rules) as [string, Record<string, unknown>][]) {
      for (const [key, value] of [
        ['scope', rule.scope === 'photos:read' ? 'account:read' : 'photos:read'],
        ...(rule.also ? [['also', undefined]] : []),
        ...(rule.role ? [['role', undefined]] : []),
        ...(rule.seen ? [['seen', undefined]] : []),
      ] as [string, unknown][]) {
        const was = rule[key];
        await hunt(`rule ${action}, ${key}`, asking.get(action) ?? [], () => {
          rule[key] = value;
          return () => {
            rule[key] = was;
          };
        });
      }
    }
    const gone = Object.keys(equivalent).filter((name) => !reached.has(name) && !name.startsWith('rule '));
    expect({ survivors, caught, gone }).toEqual({ survivors: [], caught: [], gone: [] });
    expect(reached.size).toBeGreaterThan(80);
  });
});
