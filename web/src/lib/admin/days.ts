import { formatDay } from '#lib/format.ts';

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** `09:30`, on this computer's clock. */
export const formatTime = (when: string | number | Date): string => time.format(new Date(when));

/** `Today`, `Yesterday`, `14 June 2024`. */
export function nameDay(when: string | number | Date, now: number = Date.now()): string {
  const day = formatDay(when);
  if (day === formatDay(now)) return 'Today';
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  return day === formatDay(yesterday) ? 'Yesterday' : day;
}

/** Puts what follows each other on one day together, in the order given. */
export function groupByDay<T extends { readonly at: string }>(
  items: readonly T[],
  now: number = Date.now(),
): { day: string; items: T[] }[] {
  const groups: { day: string; items: T[] }[] = [];
  for (const item of items) {
    const day = nameDay(item.at, now);
    const last = groups.at(-1);
    if (last?.day === day) last.items.push(item);
    else groups.push({ day, items: [item] });
  }
  return groups;
}
