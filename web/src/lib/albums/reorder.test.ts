import { expect, test } from 'vitest';
import { anchorFor, gapAt, moveWithin, runsOf } from './reorder.ts';

const order = ['a', 'b', 'c', 'd', 'e'];

test('one or more are put before another, in the order they stood in', () => {
  expect(moveWithin(order, new Set(['d']), 'b')).toEqual(['a', 'd', 'b', 'c', 'e']);
  expect(moveWithin(order, new Set(['e', 'a']), 'c')).toEqual(['b', 'a', 'e', 'c', 'd']);
  expect(moveWithin(order, new Set(['a', 'c']), null)).toEqual(['b', 'd', 'e', 'a', 'c']);
});

test('put before one of their own, they gather before what follows', () => {
  expect(anchorFor(order, new Set(['b', 'c']), 'b')).toBe('d');
  expect(moveWithin(order, new Set(['b', 'd']), 'd')).toEqual(['a', 'c', 'b', 'd', 'e']);
  expect(moveWithin(order, new Set(['d', 'e']), 'd')).toEqual(order);
});

test('the runs bring back any order', () => {
  for (const moving of [['a'], ['e'], ['b', 'd'], ['a', 'b', 'e'], order]) {
    for (const before of [...order, null]) {
      const set = new Set(moving);
      let now = moveWithin(order, set, before);
      for (const run of runsOf(order, set)) now = moveWithin(now, new Set(run.ids), run.before);
      expect(now).toEqual(order);
    }
  }
});

test('a pointer means the nearer side of the tile in its row', () => {
  const spot = (id: string, left: number, top: number) => ({ id, left, top, right: left + 100, bottom: top + 80 });
  const spots = [spot('a', 0, 0), spot('b', 104, 0), spot('c', 0, 84)];
  expect(gapAt(spots, 20, 40)).toEqual({ id: 'a', side: 'before' });
  expect(gapAt(spots, 90, 40)).toEqual({ id: 'a', side: 'after' });
  expect(gapAt(spots, 600, 40)).toEqual({ id: 'b', side: 'after' });
  expect(gapAt(spots, 300, 120)).toEqual({ id: 'c', side: 'after' });
  expect(gapAt([], 0, 0)).toBeNull();
});
