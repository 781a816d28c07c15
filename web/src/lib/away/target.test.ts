import { expect, test } from 'vitest';
import { meets, targetOf, without } from './target.ts';
import { type Change, named } from './waiting-change.ts';

const heart: Change = { kind: 'favorite', ids: ['a', 'b'], is: true };
const words: Change = {
  kind: 'photo',
  id: 'a',
  filename: 'a.jpg',
  before: { caption: 'Dawn', tags: [] },
  after: { caption: 'Dusk', tags: ['sea'] },
};
const step: Change = { kind: 'step', session: null, step: named({ prompt: 'a lake', parameters: {} }) };
const unheart = (...ids: string[]) => ({ ids, fields: ['is_favorite'] });

test('what a request is about is read from it', () => {
  expect(targetOf('post', '/photos/batch/favorite', { json: { ids: ['a'], is_favorite: false } })).toEqual(
    unheart('a'),
  );
  expect(targetOf('post', '/photos/batch/archive', { json: { filter: {}, is_archived: true } })).toEqual({
    ids: null,
    fields: ['is_archived'],
  });
  expect(targetOf('patch', '/photos/:id', { param: { id: 'a' }, json: { caption: 'x' } })).toEqual({
    ids: ['a'],
    fields: ['caption'],
  });
  expect(targetOf('post', '/generation/sessions', { json: {} })).toBe(null);
  expect(targetOf('patch', '/albums/:id', { param: { id: 'a' }, json: { title: 'x' } })).toBe(null);
});

test('the same of the same photo goes in its order, anything else is nothing to it', () => {
  expect(meets(heart, unheart('b', 'c'))).toBe(true);
  expect(meets(heart, { ids: null, fields: ['is_favorite'] })).toBe(true);
  expect(meets(heart, unheart('c'))).toBe(false);
  expect(meets(heart, { ids: ['a'], fields: ['caption'] })).toBe(false);
  expect(meets(words, { ids: ['a'], fields: ['tags'] })).toBe(true);
  expect(meets(step, { ids: null, fields: ['is_favorite', 'caption'] })).toBe(false);
});

test('of what was refused only that stays wanted which nobody has asked otherwise since', () => {
  expect(without(heart, unheart('a'))).toEqual({ ...heart, ids: ['b'] });
  expect(without(heart, unheart('a', 'b'))).toBe(null);
  expect(without(heart, unheart('c'))).toBe(heart);
  expect(without(words, { ids: ['a'], fields: ['caption'] })).toEqual({
    ...words,
    before: { tags: [] },
    after: { tags: ['sea'] },
  });
  expect(without(words, { ids: ['a'], fields: ['caption', 'tags'] })).toBe(null);
});
