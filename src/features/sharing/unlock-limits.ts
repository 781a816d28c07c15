import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '#platform/http/app-error.ts';

const minutes = 60;
const mayKnow = 100_000;
const knownForMs = 30 * 24 * 3600_000;

/**
 * Slows down guessing the passwords of links. What a link is guessed at by networks that never opened it counts together, so
 * that many addresses gain nothing; who opened it before is not kept out by that, and others for ten minutes at the most.
 */
export function createUnlockLimits() {
  const perLinkAndNetwork = new RateLimiterMemory({ points: 10, duration: 15 * minutes });
  const perNetwork = new RateLimiterMemory({ points: 100, duration: 15 * minutes });
  // Right ones too: each costs tens of milliseconds and 19 MiB, and each visit is written down. A wedding shares one address.
  const opened = new RateLimiterMemory({ points: 300, duration: 15 * minutes });
  const perLink = new RateLimiterMemory({ points: 100, duration: 10 * minutes });
  const known = new Map<string, number>();

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
  const isKnown = (pair: string): boolean => (known.get(pair) ?? 0) > Date.now();

  const open = (linkId: string, network: string): Promise<void> => spend(opened, `${linkId} ${network}`);

  return {
    /** Counts a visit that is opened without a password. @throws AppError as `before` */
    open,
    /** Counts one try. @throws AppError `rate_limited` with `details.retry_after` in seconds */
    async before(linkId: string, network: string): Promise<void> {
      await open(linkId, network);
      await spend(perNetwork, network);
      await spend(perLinkAndNetwork, `${linkId} ${network}`);
      if (!isKnown(`${linkId} ${network}`)) await spend(perLink, linkId);
    },
    /** Gives the guess back, as it was none, and remembers the network as one from which the link is opened. */
    async after(linkId: string, network: string): Promise<void> {
      const pair = `${linkId} ${network}`;
      if (!isKnown(pair)) await perLink.reward(linkId, 1);
      if (known.size >= mayKnow) known.clear();
      known.set(pair, Date.now() + knownForMs);
      await perLinkAndNetwork.delete(pair);
      await perNetwork.reward(network, 1);
    },
  };
}

export type UnlockLimits = ReturnType<typeof createUnlockLimits>;

const toWords = (seconds: number): string =>
  seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
