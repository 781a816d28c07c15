import { formatBytes, formatCount, formatNumber } from '#lib/format.ts';

/** What somebody keeps and may keep; `null` is no limit. */
export interface Usage {
  readonly photos: number;
  readonly bytes: number;
  readonly quota_photos: number | null;
  readonly quota_bytes: number | null;
}

/**
 * The amount as the meter shows it: of two limits, the nearer one.
 *
 * @returns `share` of the limit, 0 to 1 and above it where a limit was lowered later; null without one
 */
export function quotaOf(usage: Usage): { share: number | null; words: string } {
  const { photos, bytes, quota_photos, quota_bytes } = usage;
  const space = quota_bytes === null ? -1 : partOf(bytes, quota_bytes);
  const count = quota_photos === null ? -1 : partOf(photos, quota_photos);
  if (space < 0 && count < 0) return { share: null, words: `${formatBytes(bytes)} in ${formatCount(photos, 'photo')}` };
  return space >= count
    ? { share: space, words: spaceWords(bytes, quota_bytes as number) }
    : { share: count, words: `${formatNumber(photos)} of ${formatCount(quota_photos as number, 'photo')}` };
}

/** `38.2 of 100 GB`: the unit once where both have the same, or nothing is used. */
export function spaceWords(bytes: number, limit: number): string {
  const most = roundBytes(limit);
  const [amount, unit] = formatBytes(bytes).split(' ') as [string, string];
  return `${amount}${bytes === 0 || most.endsWith(` ${unit}`) ? '' : ` ${unit}`} of ${most}`;
}

/** Limits are round: `10 GB`, where a measured amount would be `10.0 GB`. */
export function roundBytes(bytes: number): string {
  return formatBytes(bytes).replace('.0 ', ' ');
}

// Nothing allowed and nothing used is full, not an error of division.
const partOf = (used: number, most: number): number => (most > 0 ? used / most : 1);
