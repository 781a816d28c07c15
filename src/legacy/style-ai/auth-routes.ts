import { RegistrationForm, readAccount, registerUser } from '#features/accounts/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import { requireValid } from '#platform/http/require-valid.ts';
import type { LegacyDeps } from '../deps.ts';
import { isText, readJson } from '../read-body.ts';
import { signInBounded } from '../sign-in.ts';
import type { LegacyRoute } from '../system.ts';
import type { Pace } from './pace.ts';
import { presentUser } from './present.ts';
import { countCredits, readUsage } from './usage.ts';
import { refuseAtTheDoor as refuse } from './words.ts';

const lifetime = { seconds: 7 * 24 * 3600 };

/** Who one is. Nothing is bought here: what the earlier system had for that is not there. */
export function authRoutes(deps: LegacyDeps, pace: Pace): LegacyRoute[] {
  const present = async (account: Awaited<ReturnType<typeof readAccount>>) =>
    presentUser(account, await countCredits(pace, account));

  return [
    {
      method: 'POST',
      path: '/auth/register',
      open: true,
      refuse,
      async handle(c) {
        const { username, email, password } = await readJson(c);
        const form = { username, email, password };
        if (!Object.values(form).every(isText)) throw missing('Username, email, and password are required');
        const { body } = await registerUser(
          deps.accounts,
          requireValid(RegistrationForm, form),
          deps.clientOf(c),
          lifetime,
        );
        const { access_token, user } = body;
        return c.json({ message: 'User registered successfully', access_token, user: await present(user) }, 201);
      },
    },
    {
      method: 'GET',
      path: '/auth/register',
      open: true,
      // A page of the client's asks for this, and shows how it is done.
      handle: (c) =>
        c.json(
          {
            error: 'Method not allowed',
            message: 'Sign up by POST.',
            allowed_methods: ['POST'],
            example: {
              method: 'POST',
              url: '/auth/register',
              headers: { 'Content-Type': 'application/json' },
              body: { username: 'ines', email: 'ines@example.org', password: 'a password of your own' },
            },
          },
          405,
          { allow: 'POST, OPTIONS' },
        ),
    },
    {
      method: 'POST',
      path: '/auth/login',
      open: true,
      refuse,
      async handle(c) {
        const { username, password } = await readJson(c);
        if (!isText(username) || !isText(password)) throw missing('Username and password are required');
        const { body } = await signInBounded(deps.accounts, { username, password }, deps.clientOf(c), lifetime);
        const { access_token, user } = body;
        return c.json({ message: 'Login successful', access_token, user: await present(user) });
      },
    },
    {
      method: 'GET',
      path: '/auth/me',
      handle: async (c, user) => c.json({ user: await present(await readAccount(deps.accounts, user)) }),
    },
    {
      method: 'GET',
      path: '/auth/usage-info',
      handle: async (c, user) => c.json(await readUsage(deps, pace, user)),
    },
  ];
}

const missing = (message: string): AppError => new AppError('validation_error', message);
