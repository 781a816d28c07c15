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
import { findImported, insertImported } from './store.ts';
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
}

export interface BroughtPerson {
  readonly outcome: 'made' | 'matched' | 'there' | 'skipped';
  /** Null where no account is theirs, or none yet. */
  readonly id: string | null;
  readonly username: string;
  /** What whoever runs the import should know. */
  readonly notes: readonly string[];
}

const validName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,38}$/;
const validEmail = /^[^\s@]{1,64}@[^\s@]{1,189}$/;

/**
 * Makes the account of somebody of an earlier system, or finds which one it became before. An account that was here on its own is
 * nobody's but its owner's: it is joined by its e-mail where that was asked for, or where it was named for this person; never by its name
 * alone.
 */
export function bringPerson(deps: ImportDeps, terms: PeopleTerms, person: EarlierPerson): Promise<BroughtPerson> {
  return deps.database.as({ kind: 'user', id: terms.adminId }, async (tx: Tx): Promise<BroughtPerson> => {
    const { system } = terms;
    const earlier = { system, kind: 'person', earlierId: person.earlierId } as const;
    const notes: string[] = [...(person.notes ?? [])];
    const known = await findImported(tx, earlier);
    if (known) return { outcome: 'there', id: known, username: person.username, notes: [] };

    const remember = async (id: string): Promise<void> => {
      for (const earlier_id of [person.earlierId, ...(person.aliases ?? [])]) {
        await insertImported(tx, { system, kind: 'person', earlier_id, id, owner_id: id });
      }
    };
    if (person.account !== undefined) {
      const named = await findUserByName(tx, person.account);
      if (!named) throw new ImportError(`There is no account called “${person.account}”.`);
      if (!terms.dryRun) await remember(named.id);
      return { outcome: 'matched', id: named.id, username: person.username, notes };
    }
    const email = person.email && validEmail.test(person.email) ? person.email : null;
    if (person.email && !email) notes.push(`${person.email} is no e-mail: made without one`);
    const same = email ? await findUserByEmail(tx, email) : undefined;
    if (same && !terms.matchEmails) {
      const note = `an account here has their e-mail: with --match-emails their pictures become that account's`;
      return { outcome: 'skipped', id: null, username: person.username, notes: [note] };
    }
    if (same) {
      if (!terms.dryRun) await remember(same.id);
      return { outcome: 'matched', id: same.id, username: person.username, notes };
    }

    const username = await findFreeName(tx, person.username, system);
    if (username !== person.username) notes.push(`their name is “${username}” here`);
    const usable = person.passwordHash !== null && isUsableHash(person.passwordHash);
    if (!usable) notes.push('their password cannot be taken along: make them a reset link');
    if (person.isDisabled) notes.push('disabled, as they were there');
    if (terms.dryRun) return { outcome: 'made', id: null, username, notes };
    const wanted = toKeptId(person.earlierId);
    const id = wanted && (await isFree(tx, wanted)) ? wanted : uuidv7();
    await importPerson(
      tx,
      {
        id,
        username,
        email,
        displayName: [...(person.displayName ?? '').trim()].slice(0, 80).join('') || null,
        passwordHash: usable ? (person.passwordHash as string) : terms.closedHash,
        createdAt: person.createdAt,
        isDisabled: person.isDisabled,
      },
      { system, quota: deps.quota },
    );
    await remember(id);
    return { outcome: 'made', id, username, notes };
  });
}

/** Administrators see every account. */
const isFree = async (tx: Tx, id: string): Promise<boolean> =>
  (await tx.selectFrom('users').select('id').where('id', '=', id).executeTakeFirst()) === undefined;

async function findFreeName(tx: Tx, wanted: string, system: string): Promise<string> {
  const plain = wanted
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 39);
  const base = validName.test(plain) ? plain : `${plain || 'person'}-${system}`;
  const short = base.slice(0, 24);
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : n === 2 ? `${short}-${system}` : `${short}-${system.slice(0, 9)}-${n - 1}`;
    if (!(await findUserByName(tx, name.slice(0, 39)))) return name.slice(0, 39);
  }
}
