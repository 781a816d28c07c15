import { changeProfile, listSessions, readAccount } from '#features/accounts/index.ts';
import { listOrganizations } from '#features/organizations/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';
import { readJson } from '../read-body.ts';
import type { LegacyRoute } from '../system.ts';
import { at } from './at.ts';
import { type Account, presentProfile, presentUser } from './present.ts';
import { badRequest, refusing } from './words.ts';

/** The caller, as the front end has them on every page. */
export function peopleRoutes(deps: LegacyDeps): readonly LegacyRoute[] {
  /** A person could have one organization: here it is the first that they administer, else the first that they belong to. */
  const findOwn = async (user: UserCaller) => {
    const { items } = await listOrganizations(deps.organizations, user, { role: 'any', limit: 100, offset: 0 });
    return items.find(({ role }) => role === 'admin') ?? items[0];
  };
  /** Keys begin no sessions, and may not look at them. */
  const findLastLogin = async (user: UserCaller): Promise<string | null> => {
    if (user.via !== 'token') return null;
    const { items } = await listSessions(deps.accounts, user, { limit: 100, offset: 0 });
    return items.reduce<string | null>((last, { created_at: at }) => (last && last > at ? last : at), null);
  };
  const aboutThem = async (user: UserCaller) => [await findOwn(user), await findLastLogin(user)] as const;

  const refuse = refusing({
    validation_error: ({ message }) => badRequest(message),
    conflict: ({ message }) => badRequest(message),
  });
  const profile = at('/users/me/profile', '/users/me/profile/');
  return [
    {
      method: 'GET',
      path: at('/users/me/', '/users/me'),
      refuse,
      async handle(c, user) {
        const account = await readAccount(deps.accounts, user);
        return c.json(presentUser(account, ...(await aboutThem(user))));
      },
    },
    {
      method: 'GET',
      path: profile,
      refuse,
      async handle(c, user) {
        const account = await readAccount(deps.accounts, user);
        return c.json(presentProfile(account, ...(await aboutThem(user))));
      },
    },
    {
      method: 'PUT',
      path: profile,
      refuse,
      async handle(c, user) {
        const before = await readAccount(deps.accounts, user);
        const change = toChange(await readJson(c), before);
        const account =
          Object.keys(change).length === 0
            ? before
            : await changeProfile(deps.accounts, user, change, deps.clientOf(c));
        return c.json(presentProfile(account, ...(await aboutThem(user))));
      },
    },
  ];
}

/** Forms send all they have, changed or not; what is as it was needs no password. Everything else they hold is left out. */
function toChange(body: Record<string, unknown>, before: Account) {
  const name = textOf(body, 'name', 80)?.trim();
  const email = textOf(body, 'email', 254)?.trim();
  const password = textOf(body, 'current_password', 1024);
  const isNewEmail = email !== undefined && email.toLowerCase() !== (before.email ?? '').toLowerCase();
  if (isNewEmail && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
    throw notValid('email', 'value is not a valid email address', email);
  return {
    ...(name && name !== (before.display_name ?? before.username) ? { display_name: name } : {}),
    ...(isNewEmail ? { email, current_password: password } : {}),
  };
}

function textOf(body: Record<string, unknown>, field: string, most: number): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw notValid(field, 'Input should be a valid string', value);
  if ([...value].length > most) throw notValid(field, `String should have at most ${most} characters`, value);
  return value;
}

const notValid = (field: string, msg: string, input: unknown): AppError =>
  new AppError('validation_error', `${field}: ${msg}.`, {
    fault: { type: 'value_error', loc: ['body', field], msg, input },
  });
