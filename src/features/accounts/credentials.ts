import type { Database } from '#platform/database/database.ts';
import type { Notifications } from '#platform/database/notifications.ts';
import { anonymous } from '#platform/database/principal.ts';
import { type Caller, nobody, type UserCaller } from '#platform/http/caller.ts';
import { findApiKey, findSession, isGrantAlive, touchCredentials } from './store.ts';
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
  /** Whether the credential a signed URL was given to is still good. */
  isAlive(credentialId: string, userId: string): Promise<boolean>;
  /** Drops what is remembered of a credential or of a person, so that the next request asks the database. */
  forget(what: { credentialId: string } | { userId: string }): void;
  /** Writes down when credentials were last used. Reading requests never write, so this is done apart and together. */
  flushLastUse(): Promise<void>;
  close(): void;
}

const mayRemember = 20_000;
const mostSeconds = 300;

interface Remembered {
  readonly caller: UserCaller;
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
  const grants = new Map<string, { userId: string; until: number }>();
  const used = new Set<string>();
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
      for (const [id, grant] of grants) if (grant.userId === what.userId) grants.delete(id);
    }
  };
  const unsubscribe = deps.notifications.subscribe({
    onAnnouncement({ subject, id }) {
      if (subject === 'credential') forget({ credentialId: id });
      if (subject === 'user') forget({ userId: id });
    },
    onCut: forgetAll,
  });

  const ask = async ({ cookie, bearer }: Shown): Promise<UserCaller | null> => {
    if (bearer?.startsWith(apiKeyPrefix)) {
      const key = await deps.database.as<AccountTables, Awaited<ReturnType<typeof findApiKey>>>(anonymous, (tx) =>
        findApiKey(tx, hashSecret(bearer)),
      );
      if (!key) return null;
      return {
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
    }
    const secret = bearer === undefined ? cookie : await deps.tokens.read(bearer);
    if (!secret) return null;
    const session = await deps.database.as<AccountTables, Awaited<ReturnType<typeof findSession>>>(anonymous, (tx) =>
      findSession(tx, hashSecret(secret)),
    );
    if (!session) return null;
    return {
      kind: 'user',
      principal: { kind: 'user', id: session.user_id },
      userId: session.user_id,
      username: session.username,
      role: session.user_role,
      via: bearer === undefined ? 'cookie' : 'token',
      credentialId: session.session_id,
      scopes: null,
      expiresAt: session.session_expires_at.getTime(),
    };
  };

  const remembered: Credentials['remembered'] = (shown) => {
    const secret = shown.bearer ?? shown.cookie;
    if (secret === undefined) return nobody;
    if (!deps.notifications.live) return undefined;
    const entry = memory.get(toKey(shown));
    if (!entry || entry.until <= Date.now()) return undefined;
    used.add(entry.caller.credentialId);
    return entry.caller;
  };

  return {
    remembered,
    async resolve(shown) {
      const known = remembered(shown);
      if (known) return known;
      const asked = generation;
      const caller = await ask(shown);
      if (!caller) return nobody;
      used.add(caller.credentialId);
      if (asked === generation && deps.notifications.live) {
        if (memory.size >= mayRemember) memory.delete(memory.keys().next().value as string);
        const until = Math.min(caller.expiresAt ?? Number.POSITIVE_INFINITY, Date.now() + mostSeconds * 1000);
        memory.set(toKey(shown), { caller, until });
      }
      return caller;
    },
    async isAlive(credentialId, userId) {
      const known = grants.get(credentialId);
      if (known && known.userId === userId && known.until > Date.now() && deps.notifications.live) return true;
      const asked = generation;
      const alive = await deps.database.as<AccountTables, boolean>(anonymous, (tx) =>
        isGrantAlive(tx, credentialId, userId),
      );
      if (alive && asked === generation && deps.notifications.live) {
        if (grants.size >= mayRemember) grants.delete(grants.keys().next().value as string);
        grants.set(credentialId, { userId, until: Date.now() + 60_000 });
      }
      return alive;
    },
    forget(what) {
      generation += 1;
      forget(what);
    },
    async flushLastUse() {
      if (used.size === 0) return;
      const ids = [...used];
      used.clear();
      await deps.database.as<AccountTables, void>(anonymous, (tx) => touchCredentials(tx, ids));
    },
    close: unsubscribe,
  };
}

// Secrets are 256 random bits, and the process has them anyway: the map is keyed by what was shown.
const toKey = ({ cookie, bearer }: Shown): string => (bearer === undefined ? `c${cookie}` : `b${bearer}`);
