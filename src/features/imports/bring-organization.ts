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
import type { EarlierOrganization } from './earlier-system.ts';
import { toKeptId } from './kept-id.ts';
import { findImported, insertImported } from './store.ts';
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
 * its id or its name. Once all belong to it, another run leaves it alone: who was shown out since stays so.
 * @param personOf the account that somebody of the earlier system became; null where a dry run makes none, undefined for nobody
 */
export async function bringOrganization(
  deps: ImportDeps,
  terms: Terms,
  organization: EarlierOrganization,
  personOf: (earlierId: string) => string | null | undefined,
): Promise<BroughtOrganization> {
  const { system, adminId } = terms;
  const name = [...organization.name.trim()].slice(0, 100).join('');
  const notes = [...(organization.notes ?? [])];
  const asAdmin = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    deps.database.as({ kind: 'user', id: adminId }, work);
  const find = (tx: Tx, earlierId: string) => findImported(tx, { system, kind: 'organization', earlierId });
  const write = (tx: Tx, earlier_id: string, id: string) =>
    insertImported(tx, { system, kind: 'organization', earlier_id, id, owner_id: null });
  const whole = `members:${organization.earlierId}`;

  const known = await asAdmin((tx) => find(tx, organization.earlierId));
  if (known && !(await asAdmin((tx) => findAlike(tx, { id: known, name }))).hasId) {
    const note = 'it was deleted here: it does not come again';
    return { outcome: 'there', id: null, isGone: true, name, notes: [note] };
  }
  if (known && (terms.dryRun || (await asAdmin((tx) => find(tx, whole))))) {
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
    await write(tx, organization.earlierId, id);
    return id;
  };
  const id = known ?? (await asAdmin(make));
  const members = organization.members.filter(({ person }) => personOf(person) !== undefined);
  if (terms.dryRun)
    return { outcome: 'made', id: null, name, notes: [...notes, ...foresee(members, adminId, personOf)] };
  let own: 'admin' | 'member' | null = null;
  const unfit: (typeof members)[number][] = [];
  const join = async (member: (typeof members)[number]): Promise<boolean> => {
    const userId = personOf(member.person) as string;
    return bringMember(deps, adminId, { organizationId: id, userId, role: member.role }).then(
      () => true,
      (error) => {
        if (error instanceof AppError && error.code === 'conflict') return false;
        throw error;
      },
    );
  };
  for (const member of members) {
    if (personOf(member.person) === adminId) own = member.role;
    else if (!(await join(member))) unfit.push(member);
  }
  const isLeft = await asAdmin((tx) => leaveBrought(tx, id, { adminId, own }));
  // Whoever ran the import had a place, and may have left it.
  const [next, ...others] = unfit;
  const without = next && isLeft && (await join(next)) ? others : unfit;
  await asAdmin((tx) => write(tx, whole, id));
  if (!isLeft) notes.push(unadministered);
  if (without.length > 0) notes.push(full(without.length));
  return { outcome: known ? 'there' : 'made', id, name, notes };
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
