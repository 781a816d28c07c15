import { expect, test } from 'vitest';
import { ApiError } from '../api.ts';
import { explainTaken, suggestName } from './suggest-name.ts';

test('takes the name from the e-mail, when it is another and allowed', () => {
  expect(suggestName('tomas', 'Ines+photos@example.org')).toBe('ines');
  expect(suggestName('tomas', 'tomas@example.org', 2026)).toBe('tomas2026');
  expect(suggestName('tomas', 'ñandú@example.org', 2026)).toBe('tomas2026');
  expect(suggestName('tomas', '', 2026)).toBe('tomas2026');
});

test('a suggestion is never longer than a username may be', () => {
  expect(suggestName('a'.repeat(39), '', 2026)).toHaveLength(39);
});

test('explains only a taken username', () => {
  const taken = new ApiError(409, 'conflict', 'Taken.', { field: 'username' });
  expect(explainTaken(taken, 'tomas', 'ines@example.org')).toBe('Someone here is already “tomas”. Try “ines”.');
  expect(explainTaken(new ApiError(409, 'conflict', 'Taken.', { field: 'email' }), 'tomas', '')).toBeNull();
  expect(explainTaken(new Error('other'), 'tomas', '')).toBeNull();
});
