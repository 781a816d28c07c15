const DAY = 86_400_000;

/** How long a photo still waits in the trash: `12 days left`. @param purgeAt when it is deleted for good, ISO 8601. */
export function daysLeft(purgeAt: string, now: number = Date.now()): string {
  const days = Math.ceil((Date.parse(purgeAt) - now) / DAY);
  if (days <= 0) return 'Last hours';
  return days === 1 ? 'A day left' : `${days} days left`;
}
