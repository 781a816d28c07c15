import type { Link } from '#lib/api-schema.ts';
import { formatCount, formatNumber } from '#lib/format.ts';

export type Expiry = 'day' | 'week' | 'month' | 'date';

const DAY = 86_400_000;
const lengths = { day: DAY, week: 7 * DAY, month: 30 * DAY } as const;
export const expiries: readonly (readonly [Expiry, string])[] = [
  ['day', 'A day'],
  ['week', 'A week'],
  ['month', 'A month'],
  ['date', 'A date'],
];

const thisYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long' });
const anyYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'long' });

/** When a link closes that is to stay open for so long from now. */
export function endOf(expiry: Exclude<Expiry, 'date'>, now = Date.now()): string {
  return new Date(now + lengths[expiry]).toISOString();
}

/** Which of the choices a link was made with; a date where it fits none of them. */
export function expiryOf({ expires_at, created_at }: Pick<Link, 'expires_at' | 'created_at'>): Expiry {
  if (!expires_at) return 'date';
  const length = Date.parse(expires_at) - Date.parse(created_at);
  const found = Object.entries(lengths).find(([, ms]) => Math.abs(length - ms) < 120_000);
  return (found?.[0] as Expiry | undefined) ?? 'date';
}

/** `14 December`, with the year where it is another one. */
export function dayOf(when: string, now = new Date()): string {
  const date = new Date(when);
  return (date.getFullYear() === now.getFullYear() ? thisYear : anyYear).format(date);
}

/** `14 December, 18:00`. */
export function momentOf(when: string, now = new Date()): string {
  return `${dayOf(when, now)}, ${clock.format(new Date(when))}`;
}

/** As a field for a date and a time wants it: `2026-12-14T18:00`, by the clock on the wall. */
export function toField(when: string | number): string {
  const date = new Date(when);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** `today at 21:04`, `yesterday at 21:04`, `on Thursday at 21:04`, `on 3 October at 21:04`. */
function lastOf(when: string, now: Date): string {
  const date = new Date(when);
  const midnight = (of: Date) => new Date(of.getFullYear(), of.getMonth(), of.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(date)) / DAY);
  const day =
    days <= 0 ? 'today' : days === 1 ? 'yesterday' : `on ${days < 7 ? weekday.format(date) : dayOf(when, now)}`;
  return `${day} at ${clock.format(date)}`;
}

/** How often a link was opened, and when last: two sentences without their full stops. */
export function viewsOf(
  link: Pick<Link, 'views' | 'last_viewed_at'>,
  now = new Date(),
): { count: string; last: string } {
  if (link.views === 0) return { count: 'Not opened yet', last: 'Every visit is counted here' };
  return {
    count: `Opened ${link.views === 1 ? 'once' : link.views === 2 ? 'twice' : formatCount(link.views, 'time')}`,
    last: link.last_viewed_at ? `Last ${lastOf(link.last_viewed_at, now)}` : '',
  };
}

/** Why a link lets nobody in, and what opens it again; null while it is open. */
export function closedBecause(link: Pick<Link, 'status' | 'expires_at' | 'max_views'>): string | null {
  if (link.status === 'expired')
    return `It closed by itself on ${dayOf(link.expires_at ?? '')}. Choose another time below, and it opens again.`;
  if (link.status === 'used_up')
    return link.max_views === 1
      ? 'Its one visit has been used. Allow more below, and it opens again.'
      : `All ${formatNumber(link.max_views ?? 0)} visits have been used. Allow more below, and it opens again.`;
  return null;
}

/** What tells one link from another, in a line: `Until 14 December, with a password, opened twice`. */
export function summaryOf(link: Link, now = new Date()): string {
  const parts = [
    link.status === 'open'
      ? link.expires_at
        ? `Until ${dayOf(link.expires_at, now)}`
        : 'Until you close it'
      : link.status === 'expired'
        ? `Closed since ${dayOf(link.expires_at ?? '', now)}`
        : 'Used up',
  ];
  if (link.has_password) parts.push('with a password');
  const { count } = viewsOf(link, now);
  parts.push(count.charAt(0).toLowerCase() + count.slice(1));
  return parts.join(', ');
}

/** What guests may do beyond looking, for a list of links. */
export function rightsOf(link: Pick<Link, 'allow_download' | 'allow_upload' | 'show_metadata'>): string {
  const rights = [
    link.allow_download && 'download',
    link.allow_upload && 'add photos',
    link.show_metadata && 'see places',
  ].filter(Boolean);
  return rights.length > 0 ? `Guests may ${rights.join(', ').replace(/, ([^,]*)$/, ' and $1')}` : 'Guests may look';
}
