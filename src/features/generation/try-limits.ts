import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '#platform/http/app-error.ts';

const minutes = 60;

export interface TryLimits {
  /** Visitors that wait on one server, with the one whose picture is being painted. */
  readonly mostWaiting: number;
  /** Of those, from one network: a school shares an address, and must not be all there is. */
  readonly mostWaitingOfNetwork: number;
  /** Pictures in a quarter of an hour. */
  readonly perNetwork: number;
  /** Pictures in an hour, of all visitors of one server. */
  readonly inAll: number;
}

/** A picture takes about a second of one core: strangers get a quarter of it at the most. */
export const tryLimits: TryLimits = { mostWaiting: 8, mostWaitingOfNetwork: 4, perNetwork: 80, inAll: 900 };

/** Bounds what strangers may have painted: how many at once, and how many in a while. */
export function createTryLimits(limits: TryLimits = tryLimits) {
  const perNetwork = new RateLimiterMemory({ points: limits.perNetwork, duration: 15 * minutes });
  const inAll = new RateLimiterMemory({ points: limits.inAll, duration: 60 * minutes });
  const waiting = new Map<string, number>();
  let waitingInAll = 0;

  const spend = async (limiter: RateLimiterMemory, key: string, sentence: string): Promise<void> => {
    try {
      await limiter.consume(key);
    } catch (refusal) {
      const wait = Math.ceil(((refusal as { msBeforeNext?: number }).msBeforeNext ?? 60_000) / 1000);
      throw new AppError('rate_limited', `${sentence} Wait ${toWords(wait)}, then go on, or sign in.`, {
        retry_after: wait,
      });
    }
  };

  function take(network: string): void {
    const ofNetwork = waiting.get(network) ?? 0;
    if (waitingInAll >= limits.mostWaiting || ofNetwork >= limits.mostWaitingOfNetwork) {
      throw new AppError('rate_limited', 'Many try the painter at this moment. Try again in a few seconds.', {
        retry_after: 5,
      });
    }
    waitingInAll += 1;
    waiting.set(network, ofNetwork + 1);
  }

  function leave(network: string): void {
    waitingInAll -= 1;
    const left = (waiting.get(network) ?? 1) - 1;
    if (left > 0) waiting.set(network, left);
    else waiting.delete(network);
  }

  return {
    /**
     * Takes a place, counts the picture, and gives the place back once it is painted. What was not painted does not count.
     * @throws AppError `rate_limited` with `details.retry_after` in seconds
     */
    async paint<Result>(network: string, work: () => Promise<Result>): Promise<Result> {
      take(network);
      try {
        await spend(perNetwork, network, 'That is a lot of pictures for somebody passing by.');
        try {
          await spend(inAll, 'all', 'Visitors have had as many pictures painted as this server paints in an hour.');
        } catch (refusal) {
          await perNetwork.reward(network, 1);
          throw refusal;
        }
        return await work().catch(async (error) => {
          await perNetwork.reward(network, 1);
          await inAll.reward('all', 1);
          throw error;
        });
      } finally {
        leave(network);
      }
    },
  };
}

const toWords = (seconds: number): string =>
  seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
