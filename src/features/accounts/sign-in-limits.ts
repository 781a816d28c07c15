import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '#platform/http/app-error.ts';

const minutes = 60;

/**
 * Slows guessing down without letting a stranger lock anybody out: an account's own limit counts only networks from
 * which nobody has signed in to it lately.
 */
export function createSignInLimits() {
  const perAccountAndNetwork = new RateLimiterMemory({ points: 10, duration: 15 * minutes });
  const perNetwork = new RateLimiterMemory({ points: 100, duration: 15 * minutes });
  const perAccount = new RateLimiterMemory({ points: 200, duration: 60 * minutes });
  const perNetworkSignUps = new RateLimiterMemory({ points: 60, duration: 60 * minutes });
  const perNetworkResets = new RateLimiterMemory({ points: 10, duration: 60 * minutes });
  const known = new Map<string, number>();

  const pair = (account: string, network: string) => `${account.toLowerCase()} ${network}`;

  const spend = async (limiter: RateLimiterMemory, key: string): Promise<void> => {
    try {
      await limiter.consume(key);
    } catch (refusal) {
      const wait = Math.ceil(((refusal as { msBeforeNext?: number }).msBeforeNext ?? 60_000) / 1000);
      throw new AppError('rate_limited', `Too many tries. Wait ${toWords(wait)}, then try again.`, {
        retry_after: wait,
      });
    }
  };

  return {
    /** Counts one try to sign in. @throws AppError `rate_limited` with `details.retry_after` in seconds */
    async beforeSignIn(account: string, network: string): Promise<void> {
      await spend(perNetwork, network);
      await spend(perAccountAndNetwork, pair(account, network));
      if ((known.get(pair(account, network)) ?? 0) < Date.now()) await spend(perAccount, account.toLowerCase());
    },
    /** Gives the tries back, and remembers the network as one the account's owner uses. */
    async afterSignIn(account: string, network: string): Promise<void> {
      if (known.size > 100_000) known.clear();
      const wasKnown = (known.get(pair(account, network)) ?? 0) >= Date.now();
      known.set(pair(account, network), Date.now() + 30 * 24 * 3600_000);
      if (!wasKnown) await perAccount.reward(account.toLowerCase(), 1);
      await perAccountAndNetwork.delete(pair(account, network));
      await perNetwork.reward(network, 1);
    },
    beforeSignUp: (network: string): Promise<void> => spend(perNetworkSignUps, network),
    beforeReset: (network: string): Promise<void> => spend(perNetworkResets, network),
  };
}

export type SignInLimits = ReturnType<typeof createSignInLimits>;

const toWords = (seconds: number): string =>
  seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
