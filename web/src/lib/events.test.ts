import { expect, test } from 'vitest';
import { type Change, merge } from './events.svelte.ts';

const change = (ids: string[] | null): Change => ({ kind: 'photos', ids, what: 'changed' });

test('changes that come together are one, each photo named once', () => {
  expect(merge(change(['a', 'b']), change(['b', 'c']))).toEqual(change(['a', 'b', 'c']));
});

test('many and a few are many', () => {
  expect(merge(change(null), change(['a']))).toEqual(change(null));
  expect(merge(change(['a']), change(null))).toEqual(change(null));
});
