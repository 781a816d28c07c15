import { expect, test } from 'vitest';
import { appendNew } from './append-new.ts';

const list = (ids: string) => [...ids].map((id) => ({ id }));
const idOf = ({ id }: { id: string }) => id;

test('a list goes on with what it does not have yet', () => {
  expect(appendNew(list('abc'), list('de'), idOf)).toEqual(list('abcde'));
  // One was added at the front meanwhile, so the next part begins with the last that is shown.
  expect(appendNew(list('abc'), list('cd'), idOf)).toEqual(list('abcd'));
  expect(appendNew(list('abc'), list('bc'), idOf)).toEqual(list('abc'));
  expect(appendNew([], list('a'), idOf)).toEqual(list('a'));
});
