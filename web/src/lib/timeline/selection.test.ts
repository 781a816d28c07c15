import { expect, test } from 'vitest';
import { selectEverything, without } from './change-selection.ts';
import { countOf, isSelected, nothing, selectRange, toggle } from './selection.ts';

const order = ['a', 'b', 'c', 'd', 'e', 'f'];
const between = (from: string, to: string) => {
  const [x, y] = [order.indexOf(from), order.indexOf(to)].sort((p, q) => p - q) as [number, number];
  return order.slice(x, y + 1);
};

test('toggling twice comes back to nothing', () => {
  const once = toggle(nothing, 'a');
  expect([...once.ids]).toEqual(['a']);
  expect(countOf(toggle(once, 'a'))).toBe(0);
});

test('a range takes both ends and stops at the photo clicked', () => {
  const ranged = selectRange(toggle(nothing, 'b'), between('b', 'd'));
  expect([...ranged.ids].sort()).toEqual(['b', 'c', 'd']);
});

test('a shorter second range shrinks the first, whatever was selected before stays', () => {
  const start = toggle(toggle(nothing, 'f'), 'b');
  const long = selectRange(start, between('b', 'e'));
  const short = selectRange(long, between('b', 'c'));
  const backward = selectRange(short, between('b', 'a'));
  expect([...short.ids].sort()).toEqual(['b', 'c', 'f']);
  expect([...backward.ids].sort()).toEqual(['a', 'b', 'f']);
});

test('everything matching is a set of the server’s, less what is taken out', () => {
  const all = selectEverything(8412);
  expect(countOf(all)).toBe(8412);
  expect(isSelected(all, 'never loaded')).toBe(true);
  const fewer = toggle(all, 'a');
  expect([countOf(fewer), isSelected(fewer, 'a'), isSelected(fewer, 'b')]).toEqual([8411, false, true]);
  expect(countOf(selectRange(fewer, ['a', 'b']))).toBe(8412);
});

test('taking out the last of everything leaves nothing, not an empty everything', () => {
  expect(toggle(selectEverything(1), 'a')).toBe(nothing);
  expect(selectEverything(0)).toBe(nothing);
});

test('photos that left are no longer selected, nor an anchor', () => {
  const left = without(toggle(toggle(nothing, 'a'), 'b'), ['b']);
  expect([[...left.ids], left.anchor]).toEqual([['a'], null]);
  expect(without(left, ['a'])).toBe(nothing);
});
