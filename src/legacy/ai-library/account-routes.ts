import { z } from 'zod';
import { changeProfile, readAccount, registerUser, signOut } from '#features/accounts/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { LegacyDeps } from '../deps.ts';
import { isText, readJson } from '../read-body.ts';
import { signInBounded } from '../sign-in.ts';
import type { LegacyRoute } from '../system.ts';
import { presentPerson } from './present-person.ts';
import { refuseAccounts, refuseVerifying } from './words.ts';

const lifetime = { seconds: 7 * 24 * 3600 };

/** Signing up, in and out, and whom a token is of. */
export const accountRoutes = (deps: LegacyDeps): LegacyRoute[] => [
  {
    method: 'POST',
    path: '/api/auth/register',
    open: true,
    refuse: refuseAccounts,
    handle: async (c) => {
      const { body } = await registerUser(
        deps.accounts,
        requireNew(await readJson(c, { mayBeEmpty: true })),
        deps.clientOf(c),
        lifetime,
      );
      return c.json({ success: true, token: body.access_token, user: presentPerson(body.user) });
    },
  },
  {
    method: 'POST',
    path: '/api/auth/login',
    open: true,
    refuse: refuseAccounts,
    handle: async (c) => {
      const { email, password } = await readJson(c, { mayBeEmpty: true });
      if (!isText(email) || !isText(password)) return refuse('Please provide email and password');
      const credentials = { username: email.trim(), password };
      const { body } = await signInBounded(deps.accounts, credentials, deps.clientOf(c), lifetime);
      return c.json({ success: true, token: body.access_token, user: presentPerson(body.user) });
    },
  },
  {
    method: 'POST',
    path: '/api/auth/verify',
    refuse: refuseVerifying,
    handle: async (c, user) =>
      c.json({ success: true, valid: true, user: presentPerson(await readAccount(deps.accounts, user)) }),
  },
  {
    method: 'GET',
    path: '/api/auth/me',
    refuse: refuseAccounts,
    handle: async (c, user) => c.json({ success: true, user: presentPerson(await readAccount(deps.accounts, user)) }),
  },
  {
    method: 'POST',
    path: '/api/auth/logout',
    refuse: refuseAccounts,
    handle: async (c, user) => {
      await signOut(deps.accounts, user, deps.clientOf(c));
      return c.json({ success: true, message: 'Logged out successfully' });
    },
  },
  {
    method: 'PUT',
    path: '/api/auth/update-profile',
    refuse: refuseAccounts,
    handle: async (c, user) => {
      const change = requireChange(await readJson(c, { mayBeEmpty: true }));
      const changed = await changeProfile(deps.accounts, user, change, deps.clientOf(c));
      return c.json({ success: true, message: 'Profile updated successfully', user: presentPerson(changed) });
    },
  },
];

const refuse = (message: string): never => {
  throw new AppError('validation_error', message);
};

function requireNew({ username, email, password }: Record<string, unknown>) {
  if (!isText(username) || !isText(email) || !isText(password)) {
    return refuse('Please provide username, email, and password');
  }
  requireUsername(username);
  if (!z.email().max(254).safeParse(email).success) refuse('Please provide a valid email');
  return { username, email, password };
}

function requireUsername(username: string): void {
  if (username.length < 3) refuse('Username must be at least 3 characters long');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{2,38}$/.test(username)) {
    refuse('Username may have 39 letters, digits, dots, dashes and underscores, and begins with a letter or a digit');
  }
}

function requireChange({ displayName, username }: Record<string, unknown>) {
  const name = typeof displayName === 'string' ? displayName.trim() : undefined;
  if (name !== undefined && [...name].length > 80) refuse('Display name may have 80 characters at most');
  if (isText(username)) requireUsername(username);
  return {
    ...(name === undefined ? {} : { display_name: name || null }),
    ...(isText(username) ? { username } : {}),
  };
}
