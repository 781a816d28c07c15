import { expect, test } from 'vitest';
import { withSearch } from './recent-searches.ts';

test('the newest search stands first, each stands once, six stay', () => {
  expect(withSearch([], ' fog ')).toEqual(['fog']);
  expect(withSearch(['fog', 'lake'], 'Lake')).toEqual(['Lake', 'fog']);
  expect(withSearch(['a', 'b', 'c', 'd', 'e', 'f'], 'g')).toEqual(['g', 'a', 'b', 'c', 'd', 'e']);
  expect(withSearch(['fog'], '  ')).toEqual(['fog']);
});
