import { expect, test } from 'vitest';
import { changeWords, conflictWords, wantedWords } from './waiting-words.ts';

test('what waits is said in a line', () => {
  expect(changeWords({ kind: 'favorite', ids: ['a'], is: true })).toBe('A heart for 1 photo');
  expect(changeWords({ kind: 'archive', ids: ['a', 'b'], is: false })).toBe('2 photos brought back to Photos');
  const after = { caption: 'Dusk', tags: [] };
  expect(changeWords({ kind: 'photo', id: 'a', filename: 'a.jpg', before: {}, after })).toBe(
    'The caption and tags of a.jpg',
  );
  const step = { prompt: 'a lake', parameters: {}, correlation_id: 'w' };
  expect(changeWords({ kind: 'step', session: null, step })).toBe('“a lake” in the studio');
});

test('what somebody else wrote is said, also when it is nothing', () => {
  expect(conflictWords({ caption: null })).toBe('The caption was changed elsewhere in the meantime, to nothing.');
  expect(conflictWords({ tags: ['sea', 'boat'] })).toBe(
    'The tags were changed elsewhere in the meantime, to “sea, boat”.',
  );
  expect(wantedWords({ caption: 'Dusk', place: null })).toBe('“Dusk”, nothing');
});
