import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import {
  bringMember,
  findAlike,
  leaveBrought,
  bringOrganization as makeOrganization,
  type OrganizationTables,
} from '#features/organizations/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { PeopleTerms } from './bring-person.ts';
import type { ImportDeps } from './deps.ts';
import type { EarlierMember, EarlierOrganization } from './earlier-system.ts';
import { toKeptId, toWrittenId } from './kept-id.ts';
import { findImported, insertImported, listEarlierIds } from './store.ts';
import type { ImportTables } from './tables.ts';

type Tx = Kysely<OrganizationTables & ImportTables>;
type Terms = Pick<PeopleTerms, 'system' | 'adminId' | 'dryRun'>;

export interface BroughtOrganization {
  readonly outcome: 'made' | 'there' | 'skipped';
  /** Null where a dry run makes none, or it is left out. */
  readonly id: string | null;
  /** Came before, and was deleted here since. */
  readonly isGone?: true;
  readonly name: string;
  readonly notes: readonly string[];
}

/**
 * Makes an organization of an earlier system, and has those belong to it who did. One that was here on its own is never joined, whatever
 * its id or its name. Whoever came with a later run alone belongs to it from then on; who was joined once is never joined again, so that
 * who was shown out since stays so.
 * @param personOf the account that somebody of the earlier system became; null where a dry run makes none, undefined for nobody
 */
export async function bringOrganization(
  deps: ImportDeps,
  terms: Terms,
  organization: EarlierOrganization,
  personOf: (earlierId: string) => string | null | undefined,
): Promise<BroughtOrganization> {
  const { system, adminId } = terms;
  const name = [...organization.name.replaceAll('\0', '').toWellFormed().trim()].slice(0, 100).join('');
  const notes = [...(organization.notes ?? [])];
  const written = openWritten(deps, terms, organization.earlierId);
  const asAdmin = written.asAdmin;

  const known = await written.find(organization.earlierId);
  if (known && !(await asAdmin((tx) => findAlike(tx, { id: known, name }))).hasId) {
    const note = 'it was deleted here: it does not come again';
    return { outcome: 'there', id: null, isGone: true, name, notes: [note] };
  }
  const isWhole = known !== undefined && (await written.find(written.whole)) !== undefined;
  const joined = known ? await written.listJoined() : new Set();
  const members = organization.members.filter(({ person }) => personOf(person) !== undefined);
  const coming = members.filter(({ person }) => !joined.has(written.joinedAs(person)));
  if (known && (terms.dryRun || (isWhole && coming.length === 0))) {
    return { outcome: 'there', id: known, name, notes: [] };
  }
  if (name === '') return { outcome: 'skipped', id: null, name: organization.earlierId, notes: ['it has no name'] };

  const make = async (tx: Tx): Promise<string> => {
    const wanted = toKeptId(organization.earlierId);
    const { hasId, hasName } = await findAlike(tx, { id: wanted, name });
    if (hasId) notes.push('another organization here has its id: this one has another');
    if (hasName) notes.push('another organization here has the same name: it was left alone');
    const id = wanted && !hasId ? wanted : uuidv7();
    if (terms.dryRun) return id;
    await makeOrganization(tx, { id, name }, system);
    await written.write(tx, organization.earlierId, id);
    await written.write(tx, written.maker, adminId);
    return id;
  };
  const id = known ?? (await asAdmin(make));
  if (terms.dryRun)
    return { outcome: 'made', id: null, name, notes: [...notes, ...foresee(members, adminId, personOf)] };
  notes.push(...(await join(deps, terms, written, { id, isWhole, members, coming }, personOf)));
  return { outcome: known ? 'there' : 'made', id, name, notes };
}

type Written = ReturnType<typeof openWritten>;

/** What is written down of an organization: what it became, whether all who came first belong to it, and who was joined to it once. */
function openWritten(deps: ImportDeps, { system, adminId }: Terms, organizationId: string) {
  const kind = 'organization';
  const earlierId = toWrittenId(organizationId, 400);
  const asAdmin = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    deps.database.as({ kind: 'user', id: adminId }, work);
  const joinedAs = (person: string): string => `member:${earlierId}:${toWrittenId(person, 400)}`;
  return {
    whole: `members:${earlierId}`,
    /** Who ran the import that made it. */
    maker: `maker:${earlierId}`,
    /** Once they are no longer in charge of it for that alone. */
    left: `left:${earlierId}`,
    joinedAs,
    asAdmin,
    find: (id: string) => asAdmin((tx) => findImported(tx, { system, kind, earlierId: id })),
    listJoined: async (): Promise<ReadonlySet<string>> =>
      new Set(await asAdmin((tx) => listEarlierIds(tx, null, { system, kind, prefix: joinedAs('') }))),
    write: (tx: Tx, earlier_id: string, id: string) =>
      insertImported(tx, { system, kind, earlier_id, id, owner_id: null }),
  };
}

interface Joining {
  readonly id: string;
  /** Whether a run before came to its end with it. */
  readonly isWhole: boolean;
  readonly members: readonly EarlierMember[];
  /** Those of them who were never joined. */
  readonly coming: readonly EarlierMember[];
}

/** @returns what whoever runs the import should know */
async function join(
  deps: ImportDeps,
  { adminId }: Terms,
  written: Written,
  { id, isWhole, members, coming }: Joining,
  personOf: (earlierId: string) => string | null | undefined,
): Promise<string[]> {
  const joinOne = async (member: EarlierMember): Promise<boolean> => {
    const userId = personOf(member.person) as string;
    return bringMember(deps, adminId, { organizationId: id, userId, role: member.role }).then(
      () => true,
      (error) => {
        if (error instanceof AppError && error.code === 'conflict') return false;
        throw error;
      },
    );
  };
  const unfit: EarlierMember[] = [];
  for (const member of coming) if (!(await joinOne(member))) unfit.push(member);

  // Whoever ran the import is in charge until somebody is who was there. What they are here from then on is not for an import to say.
  const isSettled =
    isWhole &&
    (!coming.some((member) => member.role === 'admin' && !unfit.includes(member)) ||
      (await written.find(written.left)) !== undefined);
  const makerId = (await written.find(written.maker)) ?? adminId;
  const own = members.find(({ person }) => personOf(person) === makerId)?.role ?? null;
  const leaves = !isSettled && (await written.asAdmin((tx) => leaveBrought(tx, id, { adminId: makerId, own })));
  // They had a place, and may have left it.
  const [next] = unfit;
  if (next && leaves && (await joinOne(next))) unfit.shift();
  await written.asAdmin(async (tx) => {
    for (const member of coming) {
      if (!unfit.includes(member)) await written.write(tx, written.joinedAs(member.person), id);
    }
    if (leaves) await written.write(tx, written.left, id);
    await written.write(tx, written.whole, id);
  });
  return [...(isSettled || leaves ? [] : [unadministered]), ...(unfit.length > 0 ? [full(unfit.length)] : [])];
}

const unadministered = 'nobody administered it who came along: who ran the import does until somebody else may';
const mostMembers = 1000;
const full = (count: number): string =>
  `${count} of its people did not fit: an organization has ${mostMembers} at the most`;

/** What {@link bringOrganization} would note of those who come. */
function foresee(
  members: EarlierOrganization['members'],
  adminId: string,
  personOf: (earlierId: string) => string | null | undefined,
): string[] {
  const hasAdmin = members.some(({ role }) => role === 'admin');
  const isAmong = members.some(({ person }) => personOf(person) === adminId);
  const unfit = members.length + (hasAdmin || isAmong ? 0 : 1) - mostMembers;
  return [...(hasAdmin ? [] : [unadministered]), ...(unfit > 0 ? [full(unfit)] : [])];
}
