import { signIn } from '#features/accounts/index.ts';
import { AppError } from '#platform/http/app-error.ts';

/** As the native sign-in has them. No account has more, and what is longer is only there to be hashed. */
const most = { username: 254, password: 1024 };

/**
 * Signs in by what a client of an earlier system sends, which knows no bounds: what is too long is wrong.
 * @throws AppError as `signIn`
 */
export const signInBounded: typeof signIn = async (deps, input, client, lifetime) => {
  if (input.username.length > most.username || input.password.length > most.password) {
    throw new AppError('unauthorized', 'That username or e-mail and password do not match.');
  }
  return signIn(deps, input, client, lifetime);
};
