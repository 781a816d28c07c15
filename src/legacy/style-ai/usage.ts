import { readAccount } from '#features/accounts/index.ts';
import { countMade } from '#features/photos/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';
import type { Pace } from './pace.ts';

/** What draws here: no model of anybody else's. */
export const model = 'tintype';

/** Each image is two photos: what was sent, and what was made of it. */
const photosEach = 2;

type Account = Awaited<ReturnType<typeof readAccount>>;

/** How many more images somebody can have made now: what the quota has room for, and the day allows. */
export async function countCredits(pace: Pace, { id, usage }: Account): Promise<number> {
  const { daily_remaining: today } = await pace.read(id);
  if (usage.quota_bytes !== null && usage.bytes >= usage.quota_bytes) return 0;
  if (usage.quota_photos === null) return today;
  return Math.min(today, Math.max(0, Math.floor((usage.quota_photos - usage.photos) / photosEach)));
}

/** Real figures under the names of then; nothing is bought, so that there are neither trials nor tiers. */
export async function readUsage(deps: LegacyDeps, pace: Pace, user: UserCaller) {
  const account = await readAccount(deps.accounts, user);
  const credits = await countCredits(pace, account);
  const { quota_bytes: bytes, quota_photos: photos } = account.usage;
  const made = await countMade(deps.photos, user, 'styled');
  return {
    tier: 'user',
    images_used: made.reduce((sum, row) => sum + row.photos, 0),
    images_limit: photos === null ? 0 : Math.floor(photos / photosEach),
    model,
    unlimited: photos === null && bytes === null,
    remaining: credits,
    image_credits: credits,
    free_trial_used: false,
  };
}
