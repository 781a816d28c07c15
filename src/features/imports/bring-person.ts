import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import {
  type AccountTables,
  findUserByEmail,
  findUserByName,
  importPerson,
  isUsableHash,
} from '#features/accounts/index.ts';
import type { ImportDeps } from './deps.ts';
import type { EarlierPerson } from './earlier-system.ts';
import { ImportError } from './import-error.ts';
import { toKeptId } from './kept-id.ts';
import { findImported, findOwnImported, insertImported, isBroughtAccount } from './store.ts';
import type { ImportTables } from './tables.ts';

type Tx = Kysely<AccountTables & ImportTables>;

export interface PeopleTerms {
  readonly system: string;
  /** An administrator, in whose name accounts are made. */
  readonly adminId: string;
  readonly matchEmails: boolean;
  readonly dryRun: boolean;
  /** Kept for those who have no password that could be taken along: nobody knows what it is of. */
  readonly closedHash: string;
  readonly met: Met;
}

/** What a run remembers of the people before. */
export interface Met {
  /** What the accounts have, in lower case, that a dry run would have made or joined. */
  readonly emails: Set<string>;
  readonly names: Set<string>;
  /** The last number that was given to names which begin alike: those before it need not be asked about again. */
  readonly numbers: Map<string, number>;
}

export const newMet = (): Met => ({ emails: new Set(), names: new Set(), numbers: new Map() });

export interface BroughtPerson {
  readonly outcome: 'made' | 'matched' | 'named' | 'there' | 'skipped';
  /** Null where no account is theirs, or none yet. */
  readonly id: string | null;
  /** Came before, and was deleted here since. */
  readonly isGone?: true;
  /** As the earlier system has it; what it is here, where that is another, is in the notes. */
  readonly username: string;
  /** What whoever runs the import should know. */
  readonly notes: readonly string[];
}

const validName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,38}$/;
const validEmail = /^[^\s@\0]{1,64}@[^\s@\0]{1,189}$/;

/**
 * Makes the account of somebody of an earlier system, or finds which one it became before. An account that was here on its own is
 * nobody's but its owner's: it is joined by its e-mail where that was asked for, or where it was named for this person; never by its name
 * alone.
 */
export function bringPerson(deps: ImportDeps, terms: PeopleTerms, person: EarlierPerson): Promise<BroughtPerson> {
  return deps.database.as({ kind: 'user', id: terms.adminId }, async (tx: Tx): Promise<BroughtPerson> => {
    const { system, met } = terms;
    const known = await findImported(tx, { system, kind: 'person', earlierId: person.earlierId });
    if (known) return findAgain(tx, terms, person, known);

    const { username } = person;
    const notes: string[] = [...(person.notes ?? [])];
    if (person.account !== undefined) {
      const named = await findUserByName(tx, person.account);
      if (!named) throw new ImportError(`There is no account called “${person.account}”.`);
      if (!terms.dryRun) await remember(tx, system, person, named.id);
      return { outcome: 'named', id: named.id, username, notes: [...notes, joined(person.account)] };
    }
    let email = person.email && validEmail.test(person.email) ? person.email : null;
    if (person.email && !email) notes.push(`${person.email} is no e-mail: made without one`);
    const same = email ? await findUserByEmail(tx, email) : undefined;
    // Not every system has each e-mail once: whose the account is came first, and two people are never made one. An account that was
    // named for somebody is still there to be joined by whoever has its e-mail.
    if (email && (met.emails.has(email.toLowerCase()) || (same && (await isBroughtAccount(tx, system, same.id))))) {
      notes.push(`another person there has their e-mail, ${email}: made without one`);
      email = null;
    } else if (same && !terms.matchEmails) {
      const note = `an account here has their e-mail: with --match-emails their pictures become that account's`;
      return { outcome: 'skipped', id: null, username, notes: [note] };
    }
    if (email && terms.dryRun) met.emails.add(email.toLowerCase());
    if (same && email) {
      if (!terms.dryRun) {
        await remember(tx, system, person, same.id);
        await rememberHow(tx, system, `matched ${person.earlierId}`, same.id);
      }
      const { username: theirs = '' } = (await findAccount(tx, same.id)) ?? {};
      return { outcome: 'matched', id: same.id, username, notes: [...notes, joined(theirs)] };
    }

    const name = await findFreeName(tx, username, system, met);
    const usable = person.passwordHash !== null && isUsableHash(person.passwordHash);
    notes.push(...noteMade(person, name));
    if (terms.dryRun) {
      met.names.add(name.toLowerCase());
      return { outcome: 'made', id: null, username, notes };
    }
    const wanted = toKeptId(person.earlierId);
    const id = wanted && !(await findAccount(tx, wanted)) ? wanted : uuidv7();
    await importPerson(
      tx,
      {
        id,
        username: name,
        email,
        displayName:
          [...(person.displayName ?? '').replaceAll('\0', '').toWellFormed().trim()].slice(0, 80).join('') || null,
        passwordHash: usable ? (person.passwordHash as string) : terms.closedHash,
        createdAt: person.createdAt,
        isDisabled: person.isDisabled,
      },
      { system, quota: deps.quota },
    );
    await remember(tx, system, person, id);
    await rememberHow(tx, system, madeOf(person), id);
    return { outcome: 'made', id, username, notes };
  });
}

const joined = (account: string): string => `joined to the account “${account}” here`;
const madeOf = ({ earlierId }: EarlierPerson): string => `made ${earlierId}`;

/** What somebody's account here differs in; said by each run, for a report that goes on after one that was ended. */
function noteMade(person: EarlierPerson, name: string): string[] {
  const usable = person.passwordHash !== null && isUsableHash(person.passwordHash);
  return [
    ...(name === person.username ? [] : [`their name is “${name}” here`]),
    ...(usable ? [] : ['their password cannot be taken along: make them a reset link']),
    ...(person.isDisabled ? ['disabled, as they were there'] : []),
  ];
}

/** Somebody who came before: with the account that they became, or without it where it was deleted since. */
async function findAgain(tx: Tx, terms: PeopleTerms, person: EarlierPerson, id: string): Promise<BroughtPerson> {
  const { system } = terms;
  const { username, earlierId } = person;
  const account = await findAccount(tx, id);
  if (!account) {
    const note = 'their account was deleted here: nothing of theirs comes again';
    return { outcome: 'there', id: null, isGone: true, username, notes: [note] };
  }
  const isKnown = async (what: string): Promise<boolean> =>
    (await findOwnImported(tx, id, { system, kind: 'identity', earlierId: what })) !== undefined;
  const came = `came before, and became “${account.username}” here`;
  if (person.account !== undefined && (await findUserByName(tx, person.account))?.id !== id) {
    return { outcome: 'skipped', id: null, username, notes: [`${came}, not “${person.account}”: left there`] };
  }
  if (isCounted(earlierId)) {
    const known = await Promise.all(identitiesOf(person).map(isKnown));
    if (!known.includes(true)) {
      const note = `somebody of another name and e-mail ${came} from number ${earlierId}: two installations of ${system} go into two libraries`;
      return { outcome: 'skipped', id: null, username, notes: [note] };
    }
    if (!terms.dryRun) await rememberIdentities(tx, system, person, id);
  }
  const isMade = await isKnown(madeOf(person));
  const lacks = isMade && person.email && account.email === null ? [`without their e-mail, ${person.email}`] : [];
  const notes = isMade ? [...noteMade(person, account.username), ...lacks] : [joined(account.username)];
  return {
    outcome: 'there',
    id,
    username,
    notes: [...(person.notes ?? []), ...notes],
  };
}

async function remember(tx: Tx, system: string, person: EarlierPerson, id: string): Promise<void> {
  // Whom it names may delete their account: that they came is remembered by number alone, or the next run would bring them back.
  await insertImported(tx, { system, kind: 'person', earlier_id: person.earlierId, id, owner_id: null });
  for (const earlier_id of person.aliases ?? []) {
    await insertImported(tx, { system, kind: 'person', earlier_id, id, owner_id: id });
  }
  if (isCounted(person.earlierId)) await rememberIdentities(tx, system, person, id);
}

const rememberHow = (tx: Tx, system: string, earlier_id: string, id: string): Promise<void> =>
  insertImported(tx, { system, kind: 'identity', earlier_id, id, owner_id: id });

async function rememberIdentities(tx: Tx, system: string, person: EarlierPerson, id: string): Promise<void> {
  for (const earlier_id of identitiesOf(person)) {
    await insertImported(tx, { system, kind: 'identity', earlier_id, id, owner_id: id });
  }
}

/** Each installation counts its people from one: the same number is somebody else in the next. */
const isCounted = (earlierId: string): boolean => /^\d+$/.test(earlierId);

const identitiesOf = ({ earlierId, username, email }: EarlierPerson): string[] =>
  [username, email ?? '']
    .filter(Boolean)
    .map((word) => `known ${earlierId} ${createHash('sha256').update(word.toLowerCase()).digest('hex')}`);

/** Administrators see every account. */
const findAccount = (tx: Tx, id: string): Promise<{ username: string; email: string | null } | undefined> =>
  tx.selectFrom('users').select(['username', 'email']).where('id', '=', id).executeTakeFirst();

async function findFreeName(tx: Tx, wanted: string, system: string, met: Met): Promise<string> {
  const plain = wanted
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 39);
  const base = validName.test(plain) ? plain : `${plain || 'person'}-${system}`;
  const short = base.slice(0, 24);
  const isFree = async (name: string): Promise<boolean> =>
    !met.names.has(name.toLowerCase()) && !(await findUserByName(tx, name));
  const first = base.slice(0, 39);
  if (await isFree(first)) return first;
  const alike = short.toLowerCase();
  for (let n = met.numbers.get(alike) ?? 0; ; n += 1) {
    const end = n === 0 ? `-${system}` : `-${system.slice(0, 9)}-${n}`;
    // Whatever is long, it ends in its number.
    const name = (n === 0 ? short : short.slice(0, 39 - end.length)) + end;
    if (!(await isFree(name.slice(0, 39)))) continue;
    met.numbers.set(alike, n);
    return name.slice(0, 39);
  }
}
