import { expect, test } from 'vitest';
import { overlay } from './overlay.ts';
import type { Change, Waiting } from './waiting-change.ts';

const waits = (...changes: Change[]): Waiting[] =>
  changes.map((change, key) => ({ key, user: 'ines', change, problem: null }));
const month = { month: '2024-06', id: ['a', 'b'], is_favorite: [false, true], caption: ['Dawn', null] };
const photo = { id: 'a', filename: 'a.jpg', caption: 'Dawn', tags: ['sea'], is_favorite: false };

test('hearts and captions that wait stand in a month, the last of them', () => {
  const waiting = waits(
    { kind: 'favorite', ids: ['a', 'b'], is: true },
    { kind: 'favorite', ids: ['b'], is: false },
    { kind: 'photo', id: 'a', filename: 'a.jpg', before: { caption: 'Dawn' }, after: { caption: null } },
  );
  expect(overlay(month, waiting)).toEqual({ ...month, is_favorite: [true, false], caption: [null, null] });
});

test('a photo has every field that waits, and those that do not as they were', () => {
  const waiting = waits(
    { kind: 'archive', ids: ['a'], is: true },
    { kind: 'photo', id: 'a', filename: 'a.jpg', before: { tags: ['sea'] }, after: { tags: ['sea', 'boat'] } },
    { kind: 'photo', id: 'z', filename: 'z.jpg', before: { caption: '' }, after: { caption: 'Another’s' } },
  );
  expect(overlay(photo, waiting)).toEqual({ ...photo, is_archived: true, tags: ['sea', 'boat'] });
});

test('what is no photo stays as it is, and so does everything while nothing waits', () => {
  const waiting = waits({ kind: 'favorite', ids: ['s1'], is: true });
  const session = { id: 's1', title: 'A lake' };
  expect(overlay(session, waiting)).toBe(session);
  expect(overlay(null, waiting)).toBe(null);
  expect(overlay(month, [])).toBe(month);
});
