import { AppError } from '#platform/http/app-error.ts';
import type { LegacyDeps } from '../deps.ts';
import { readForm } from '../read-body.ts';
import { signInBounded } from '../sign-in.ts';
import type { LegacyRoute } from '../system.ts';
import { at } from './at.ts';
import { missing, refusing } from './words.ts';

/** A session goes on for as long as it is used. */
const idleSeconds = 8 * 3600;

/** The password flow of OAuth 2 (RFC 6749, 4.3), of which the form alone is used. */
export const signInRoutes = (deps: LegacyDeps): readonly LegacyRoute[] => [
  {
    method: 'POST',
    path: at('/token'),
    open: true,
    refuse: refusing({
      unauthorized: 'Incorrect username or password',
      rate_limited: 'Too many login attempts. Please try again later.',
    }),
    async handle(c) {
      const form = await readForm(c).catch((error: unknown) => {
        if (!(error instanceof AppError) || error.details.reason !== 'not_a_form') throw error;
        return new URLSearchParams();
      });
      const [username, password] = ['username', 'password'].map((name) => {
        const value = form.get(name);
        if (!value) throw new AppError('validation_error', `${name}: It is missing.`, missing('body', name));
        return value;
      }) as [string, string];
      const { body } = await signInBounded(deps.accounts, { username, password }, deps.clientOf(c), { idleSeconds });
      return c.json({ access_token: body.access_token, token_type: 'bearer' });
    },
  },
];
