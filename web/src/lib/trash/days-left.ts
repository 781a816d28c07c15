const DAY = 86_400_000;

/** How long a photo still waits in the trash: `Deleted in 12 days`. @param purgeAt when it is deleted for good, ISO 8601. */
export function daysLeft(purgeAt: string, now: number = Date.now()): string {
  const days = Math.ceil((Date.parse(purgeAt) - now) / DAY);
  if (days <= 0) return 'Deleted today';
  return days === 1 ? 'Deleted in a day' : `Deleted in ${days} days`;
}
