import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '#platform/http/app-error.ts';

/** As many as the earlier system asked its model for; there all people shared them. */
const perMinute = 10;
const minuteSeconds = 60;
const daySeconds = 24 * 3600;
const perDay = (perMinute * daySeconds) / minuteSeconds;

export interface Rates {
  readonly minute_requests: number;
  readonly minute_limit: number;
  readonly minute_remaining: number;
  readonly daily_requests: number;
  readonly daily_limit: number;
  readonly daily_remaining: number;
}

/** How often one person may have a picture styled by the earlier system's way. Each server counts for itself. */
export function createPace() {
  const minute = new RateLimiterMemory({ points: perMinute, duration: minuteSeconds });
  const day = new RateLimiterMemory({ points: perDay, duration: daySeconds });

  const read = async (userId: string): Promise<Rates> => {
    const [byMinute, byDay] = [spentOf(await minute.get(userId), perMinute), spentOf(await day.get(userId), perDay)];
    return {
      minute_requests: byMinute,
      minute_limit: perMinute,
      minute_remaining: perMinute - byMinute,
      daily_requests: byDay,
      daily_limit: perDay,
      daily_remaining: perDay - byDay,
    };
  };

  return {
    read,
    /** Counts one. @throws AppError `rate_limited`, with `details.retry_after` in seconds and `details.rate_limit_info` */
    async spend(userId: string): Promise<void> {
      try {
        await minute.consume(userId);
        await day.consume(userId);
      } catch (refusal) {
        const wait = Math.max(1, Math.ceil(((refusal as Partial<RateLimiterRes>).msBeforeNext ?? 60_000) / 1000));
        throw new AppError('rate_limited', 'Rate limit exceeded. Please try again later.', {
          rate_limit_info: await read(userId),
          retry_after: wait,
        });
      }
    },
  };
}

export type Pace = ReturnType<typeof createPace>;

/** What was refused is counted too, and must not show as more than there is. */
const spentOf = (state: RateLimiterRes | null, points: number): number =>
  Math.min(Math.max(state?.consumedPoints ?? 0, 0), points);
