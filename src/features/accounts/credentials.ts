import type { Kysely } from 'kysely';
import type { Database } from '#platform/database/database.ts';
import type { Notifications } from '#platform/database/notifications.ts';
import { anonymous } from '#platform/database/principal.ts';
import { type Caller, nobody, type Scope, type UserCaller } from '#platform/http/caller.ts';
import { findApiKey, findGrant, findSession, touchCredentials } from './store.ts';
import type { AccountTables } from './tables.ts';
import { apiKeyPrefix, type BearerTokens, hashSecret } from './tokens.ts';

/** What a request shows to say who it is. */
export interface Shown {
  readonly cookie?: string | undefined;
  readonly bearer?: string | undefined;
}

export interface Credentials {
  /** Who shows these; {@link nobody} when they are wrong, ended, or none. */
  resolve(shown: Shown): Promise<Caller>;
  /** Who shows these, when that is remembered and may be trusted; undefined when the database must be asked. */
  remembered(shown: Shown): Caller | undefined;
  /** Who a signed URL was given to, within what that credential still allows; {@link nobody} once it ended. */
  resolveGrant(grant: { userId: string; credentialId: string }): Promise<Caller>;
  /** Drops what is remembered of a credential or of a person, so that the next request asks the database. */
  forget(what: { credentialId: string } | { userId: string }): void;
  /** Writes down when credentials were last used. Reading requests never write, so this is done apart and together. */
  flushLastUse(): Promise<void>;
  close(): void;
}

const mayRemember = 20_000;
const mayRememberMs = 300_000;

const mayRememberGrantMs = 60_000;

interface Found {
  readonly caller: UserCaller;
  /** Of the secret that was shown. */
  readonly hash: Buffer;
}

interface Remembered extends Found {
  readonly until: number;
}

/**
 * Sessions and API keys, found by hash and remembered in memory. What is remembered is trusted only while the
 * connection lives on which the database announces revocations.
 */
export function createCredentials(deps: {
  database: Database;
  notifications: Notifications;
  tokens: BearerTokens;
}): Credentials {
  const memory = new Map<string, Remembered>();
  const grants = new Map<string, { readonly caller: UserCaller; readonly until: number }>();
  // Hashes of what was shown, by credential: the database takes no id's word for it.
  const used = new Map<string, Buffer>();
  // Counts what was forgotten: an answer that was on its way meanwhile is not remembered.
  let generation = 0;

  const forgetWhere = (matches: (caller: UserCaller) => boolean): void => {
    generation += 1;
    for (const [shown, { caller }] of memory) if (matches(caller)) memory.delete(shown);
  };
  const forgetAll = (): void => {
    generation += 1;
    memory.clear();
    grants.clear();
  };
  const forget: Credentials['forget'] = (what) => {
    if ('credentialId' in what) {
      forgetWhere((caller) => caller.credentialId === what.credentialId);
      grants.delete(what.credentialId);
    } else {
      forgetWhere((caller) => caller.userId === what.userId);
      for (const [id, { caller }] of grants) if (caller.userId === what.userId) grants.delete(id);
    }
  };
  const unsubscribe = deps.notifications.subscribe({
    onAnnouncement({ subject, id }) {
      if (subject === 'credential') forget({ credentialId: id });
      if (subject === 'user') forget({ userId: id });
    },
    onCut: forgetAll,
  });

  // What was asked while nothing could be heard is not remembered either: what ended in between was never announced.
  const moment = (): number | null => (deps.notifications.live ? generation : null);

  const ask = async ({ cookie, bearer }: Shown): Promise<Found | null> => {
    if (bearer?.startsWith(apiKeyPrefix)) {
      const hash = hashSecret(bearer);
      const key = await deps.database.as(anonymous, (tx: Kysely<AccountTables>) => findApiKey(tx, hash));
      if (!key) return null;
      const caller: UserCaller = {
        kind: 'user',
        principal: { kind: 'user', id: key.user_id },
        userId: key.user_id,
        username: key.username,
        role: key.user_role,
        via: 'api_key',
        credentialId: key.key_id,
        scopes: new Set(key.scopes),
        expiresAt: key.key_expires_at?.getTime() ?? null,
      };
      return { caller, hash };
    }
    const token = bearer === undefined ? null : await deps.tokens.read(bearer);
    const secret = bearer === undefined ? cookie : token?.secret;
    if (!secret) return null;
    const hash = hashSecret(secret);
    const session = await deps.database.as(anonymous, (tx: Kysely<AccountTables>) => findSession(tx, hash));
    if (!session || (session.bearer_only && !token)) return null;
    const caller: UserCaller = {
      kind: 'user',
      principal: { kind: 'user', id: session.user_id },
      userId: session.user_id,
      username: session.username,
      role: session.user_role,
      via: bearer === undefined ? 'cookie' : 'token',
      credentialId: session.session_id,
      scopes: null,
      // A token may end before its session does.
      expiresAt: Math.min(session.session_expires_at.getTime(), token?.expiresAt.getTime() ?? Number.POSITIVE_INFINITY),
    };
    return { caller, hash };
  };

  const askGrant = async (credentialId: string, userId: string): Promise<UserCaller | null> => {
    const grant = await deps.database.as(anonymous, (tx: Kysely<AccountTables>) => findGrant(tx, credentialId, userId));
    if (!grant) return null;
    return {
      kind: 'user',
      principal: { kind: 'user', id: userId },
      userId,
      username: '',
      role: 'user',
      via: 'token',
      credentialId,
      // An address is only for looking, and a key that may not look cannot hand one out.
      scopes: new Set<Scope>(grant.scopes?.includes('photos:read') === false ? [] : ['photos:read']),
      expiresAt: grant.grant_expires_at?.getTime() ?? null,
    };
  };

  const remembered: Credentials['remembered'] = (shown) => {
    const secret = shown.bearer ?? shown.cookie;
    if (secret === undefined) return nobody;
    if (!deps.notifications.live) return undefined;
    const entry = memory.get(toKey(shown));
    if (!entry || entry.until <= Date.now()) return undefined;
    used.set(entry.caller.credentialId, entry.hash);
    return entry.caller;
  };

  return {
    remembered,
    async resolve(shown) {
      const known = remembered(shown);
      if (known) return known;
      const asked = moment();
      const found = await ask(shown);
      if (!found) return nobody;
      used.set(found.caller.credentialId, found.hash);
      if (asked !== null && asked === moment()) {
        makeRoom(memory);
        memory.set(toKey(shown), { ...found, until: untilOf(found.caller, mayRememberMs) });
      }
      return found.caller;
    },
    async resolveGrant({ userId, credentialId }) {
      const known = deps.notifications.live ? grants.get(credentialId) : undefined;
      if (known && known.caller.userId === userId && known.until > Date.now()) return known.caller;
      const asked = moment();
      const caller = await askGrant(credentialId, userId);
      if (!caller) return nobody;
      if (asked !== null && asked === moment()) {
        makeRoom(grants);
        grants.set(credentialId, { caller, until: untilOf(caller, mayRememberGrantMs) });
      }
      return caller;
    },
    forget(what) {
      generation += 1;
      forget(what);
    },
    async flushLastUse() {
      if (used.size === 0) return;
      const hashes = [...used.values()];
      used.clear();
      await deps.database.as(anonymous, (tx: Kysely<AccountTables>) => touchCredentials(tx, hashes));
    },
    close: unsubscribe,
  };
}

// Secrets are 256 random bits, and the process has them anyway: the map is keyed by what was shown.
const toKey = ({ cookie, bearer }: Shown): string => (bearer === undefined ? `c${cookie}` : `b${bearer}`);

/** Never past the moment at which the credential itself ends. */
const untilOf = (caller: UserCaller, ms: number): number =>
  Math.min(caller.expiresAt ?? Number.POSITIVE_INFINITY, Date.now() + ms);

function makeRoom(memory: Map<string, unknown>): void {
  if (memory.size >= mayRemember) memory.delete(memory.keys().next().value as string);
}
