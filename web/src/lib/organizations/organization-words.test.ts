import { describe, expect, test } from 'vitest';
import { deletionWords, invitedWords, logoSources, plateHue, plateLetters, shownOf } from './organization-words.ts';

describe('an organization without a logo', () => {
  test.each([
    ['Rowing club Ames', 'RA'],
    ['tintype', 'T'],
    ['  «Émile»  & fils ', 'ÉF'],
    ['3 Brüder', '3B'],
    ['🌊 Wave', 'W'],
    ['东京 写真', '东写'],
    ['—', ''],
    ['', ''],
  ])('%s has the letters %s', (name, letters) => expect(plateLetters(name)).toBe(letters));

  test('has always the same hue, and others have others', () => {
    const ids = Array.from({ length: 200 }, (_, n) => `0197f3c2-7b1e-7c3a-9d57-${String(n * 7919).padStart(12, '0')}`);
    const hues = ids.map(plateHue);
    expect(ids.map(plateHue)).toEqual(hues);
    expect(new Set(hues).size).toBeGreaterThan(8);
    for (const hue of hues) expect(hue >= 0 && hue < 360).toBe(true);
  });
});

test('a logo is asked for in the sizes that there are', () => {
  expect(logoSources('/images/organizations/a/logo?v=1')).toBe(
    '/images/organizations/a/logo?v=1&size=64 64w, /images/organizations/a/logo?v=1&size=128 128w, /images/organizations/a/logo?v=1&size=256 256w, /images/organizations/a/logo?v=1&size=512 512w',
  );
});

describe('the header shows', () => {
  const [ames, bilbao] = [{ id: 'a' }, { id: 'b' }];
  test('the one opened last', () => expect(shownOf([ames, bilbao], 'b')).toBe(bilbao));
  test('the first, where none was opened', () => expect(shownOf([ames, bilbao], null)).toBe(ames));
  test('the first, where that one is left', () => expect(shownOf([ames], 'b')).toBe(ames));
  test('none, where there is none', () => expect(shownOf([], 'b')).toBeUndefined());
});

test('what is deleted is said, and what is not', () => {
  expect(deletionWords({ member_count: 1 })).toBe(
    'Its name, logo and description go for good. Its only member keeps what is theirs.',
  );
  expect(deletionWords({ member_count: 12 }, 1)).toBe(
    'Its name, logo and description go for good. 1 open invitation ends. Its 12 members keep their photos and albums.',
  );
  expect(deletionWords({ member_count: 2 }, 3)).toContain('3 open invitations end.');
});

test('invitations are counted in words', () => {
  expect(invitedWords(1)).toBe('1 invitation waits for your answer');
  expect(invitedWords(2)).toBe('2 invitations wait for your answer');
});
