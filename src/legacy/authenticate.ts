import type { BearerTokens, Credentials } from '#features/accounts/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';

/**
 * Why a request is nobody's. `none`: it shows nothing. `malformed`: something that is no bearer token. `garbled`: no token of this
 * library. `expired`: a token past its time. `ended`: one that was signed out, or whose account is disabled or gone.
 * `signature`: an address of a picture that is no longer good.
 */
export type Missing = 'none' | 'malformed' | 'garbled' | 'expired' | 'ended' | 'signature';

export type Authenticate = (authorization: string | undefined) => Promise<UserCaller | Missing>;

/** Who shows a token or an API key. Cookies are not looked at: pages of any site may call. */
export function createAuthenticate(deps: { credentials: Credentials; tokens: BearerTokens }): Authenticate {
  return async (authorization) => {
    if (authorization === undefined || authorization.trim() === '') return 'none';
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (bearer === undefined) return 'malformed';
    const caller = await deps.credentials.resolve({ bearer });
    if (caller.kind === 'user') return caller;
    const judged = await deps.tokens.judge(bearer);
    return judged === 'ours' ? 'ended' : judged;
  };
}

/** Whether an error is that nobody is signed in; of a wrong password, which is refused by the same code, no reason is given. */
export const isSignIn = (error: AppError): boolean =>
  error.code === 'unauthorized' && error.details.reason !== undefined;

/** @throws AppError `unauthorized`, with the reason in its details */
export function requireUser(found: UserCaller | Missing): UserCaller {
  if (typeof found !== 'string') return found;
  throw new AppError('unauthorized', 'Sign in first.', { reason: found satisfies Missing });
}
