import { registerUser, renewSession, signOut } from '#features/accounts/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { LegacyDeps } from '../deps.ts';
import { isText, readForm, readJson } from '../read-body.ts';
import { signInBounded } from '../sign-in.ts';
import type { LegacyContext, LegacyRoute } from '../system.ts';
import { toNameNow } from './own-names.ts';
import { refuseAccounts, refuseTokens } from './words.ts';

/** Seconds: a token opens for an hour; by the one that renews it, a session goes on for seven days more. */
const lifetime = { seconds: 7 * 24 * 3600, accessSeconds: 3600 };

const notRenewed = { detail: 'Token is invalid or expired', code: 'token_not_valid' };
const isRequired = ['This field is required.'];

/** Signing up, in and out, and the tokens by themselves. */
export function accountRoutes(deps: LegacyDeps): LegacyRoute[] {
  const enter = async (
    c: LegacyContext,
    work: typeof signInBounded | typeof registerUser,
    credentials: Credentials,
  ) => {
    const { renewalToken, body } = await work(deps.accounts, credentials, deps.clientOf(c), lifetime);
    return { access: body.access_token, refresh: renewalToken, username: body.user.username };
  };
  const enterAgain = async (c: LegacyContext, { username, password }: Credentials) =>
    enter(c, signInBounded, { username: await toNameNow(deps, username), password });
  const said = (message: string, { access, refresh, username }: Awaited<ReturnType<typeof enter>>) => ({
    success: true,
    message,
    access_token: access,
    refresh_token: refresh,
    username,
  });
  return [
    {
      method: 'POST',
      path: ['/api/register/', '/api/register'],
      open: true,
      refuse: refuseAccounts,
      handle: async (c) => {
        const credentials = requireNew(requireBoth(await readSent(c)));
        return c.json(said('User registered successfully.', await enter(c, registerUser, credentials)), 201);
      },
    },
    {
      method: 'POST',
      path: ['/api/login/', '/api/login'],
      open: true,
      refuse: refuseAccounts,
      handle: async (c) => c.json(said('Login successful.', await enterAgain(c, requireBoth(await readSent(c))))),
    },
    {
      method: 'POST',
      path: ['/api/logout/', '/api/logout'],
      refuse: refuseAccounts,
      handle: async (c, user) => {
        await signOut(deps.accounts, user, deps.clientOf(c));
        return c.json({ success: true, message: 'Logged out successfully.' });
      },
    },
    {
      method: 'POST',
      // Without its slash it is another system's.
      path: '/api/token/',
      open: true,
      refuse: refuseTokens({ detail: 'No active account found with the given credentials' }),
      handle: async (c) => {
        const { username, password } = await readSent(c);
        if (!isText(username) || !isText(password)) {
          const missing = { username, password };
          const names = Object.entries(missing).filter(([, value]) => !isText(value));
          return c.json(Object.fromEntries(names.map(([name]) => [name, isRequired])), 400);
        }
        const { access, refresh } = await enterAgain(c, { username, password });
        return c.json({ refresh, access });
      },
    },
    {
      method: 'POST',
      path: ['/api/token/refresh/', '/api/token/refresh'],
      open: true,
      refuse: refuseTokens(notRenewed),
      handle: async (c) => {
        const { refresh } = await readSent(c);
        if (!isText(refresh)) return c.json({ refresh: isRequired }, 400);
        const renewed = await renewSession(deps.accounts, refresh, lifetime);
        return c.json({ access: renewed.access_token, refresh: renewed.renewalToken });
      },
    },
  ];
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The app sends JSON; the framework took forms as well. */
async function readSent(c: LegacyContext): Promise<Record<string, unknown>> {
  const isForm = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(
    c.req.header('content-type') ?? '',
  );
  return isForm ? Object.fromEntries(await readForm(c)) : readJson(c);
}

const refuse = (message: string): never => {
  throw new AppError('validation_error', message);
};

function requireBoth({ username, password }: Record<string, unknown>): Credentials {
  if (!isText(username) || !isText(password)) return refuse('Username and password are required.');
  return { username, password };
}

function requireNew({ username, password }: Credentials): Credentials {
  if (username.length < 3 || username.length > 30) refuse('Username must be between 3 and 30 characters.');
  if (!/^[A-Za-z0-9_-]+$/.test(username)) {
    refuse('Username can only contain letters, numbers, underscores, and hyphens.');
  }
  if (/^[_-]/.test(username)) refuse('Username must begin with a letter or a number.');
  if ([...password].length < 8 || [...password].length > 128) {
    refuse('Password must be between 8 and 128 characters.');
  }
  return { username, password };
}
