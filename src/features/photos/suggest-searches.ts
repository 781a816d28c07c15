import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import { limitTime } from './filter-store.ts';
import * as store from './suggestion-store.ts';
import type { PhotoTables } from './tables.ts';

/**
 * What of the caller's own a text may stand for while it is typed, and, where it finds nothing, what is written alike.
 * An empty text is answered by nothing.
 */
export async function suggestSearches(deps: Pick<PhotoDeps, 'database'>, caller: Caller, q: string) {
  const user = requireAllowed(caller, 'photo.list');
  if (q === '') return { items: [], did_you_mean: null };
  return deps.database.as(user.principal, async (tx: Kysely<PhotoTables>) => {
    await limitTime(tx);
    return {
      items: [
        ...(await store.suggestValues(tx, user.userId, q)),
        ...(await store.suggestAlbums(tx, user.userId, q)),
        ...(await suggestMonths(tx, user.userId, q)),
      ],
      did_you_mean: await store.findAlike(tx, user.userId, q),
    };
  });
}

const monthNames = Array.from({ length: 12 }, (_, month) =>
  new Date(Date.UTC(2000, month)).toLocaleString('en', { month: 'long', timeZone: 'UTC' }),
);

/** `2024`, `2024-06`, `june`, `jun 2024`. */
async function suggestMonths(tx: Kysely<PhotoTables>, ownerId: string, text: string) {
  const numbers = /^(\d{4})(?:-(\d{1,2}))?$/.exec(text);
  const words = /^([a-z]{3,})(?:\s+(\d{4}))?$/i.exec(text);
  const year = Number(numbers?.[1] ?? words?.[2] ?? 0) || null;
  const name = words?.[1]?.toLowerCase();
  const months = name
    ? monthNames.flatMap((month, at) => (month.toLowerCase().startsWith(name) ? [at + 1] : []))
    : numbers?.[2]
      ? [Number(numbers[2])]
      : null;
  if (months?.length === 0 || (year === null && months === null)) return [];
  const found = await store.findMonths(tx, ownerId, year, months);
  return found.map(({ month, count }) => ({
    kind: 'month' as const,
    value: month,
    label: `${monthNames[Number(month.slice(5)) - 1]} ${month.slice(0, 4)}`,
    count,
  }));
}
