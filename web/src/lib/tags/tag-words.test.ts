import { expect, test } from 'vitest';
import { hasTag, newTagsIn, withoutTag } from './tag-words.ts';

test('a text is as many tags as it has parts, each once and none that is there', () => {
  expect(newTagsIn('lake', [])).toEqual(['lake']);
  expect(newTagsIn(' lake , Boat,, lake, old   pier ', ['boat'])).toEqual(['lake', 'old pier']);
  expect(newTagsIn(' , ', [])).toEqual([]);
});

test('case makes no other tag of one', () => {
  expect(withoutTag(['Lake', 'boat'], 'lake')).toEqual(['boat']);
  expect(hasTag(['Lake'], 'LAKE')).toBe(true);
  expect(hasTag(['Lake'], 'Lakes')).toBe(false);
});
