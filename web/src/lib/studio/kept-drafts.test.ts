import { afterEach, expect, test, vi } from 'vitest';
import { emptyDraft } from './draft.ts';
import { keepDraft, readKeptDraft } from './kept-drafts.ts';

afterEach(() => vi.unstubAllGlobals());

function stubStorage(first: string | null = null) {
  const kept = new Map<string, string>(first === null ? [] : [['studio-drafts', first]]);
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
}

test('each session has its draft, and nobody reads another person’s', () => {
  stubStorage();
  keepDraft('ines', 'new', { ...emptyDraft(), text: 'a lake' });
  keepDraft('ines', 's1', { ...emptyDraft(), text: 'warmer', count: 2 });
  expect(readKeptDraft('ines', 'new').text).toBe('a lake');
  expect(readKeptDraft('ines', 's1')).toMatchObject({ text: 'warmer', count: 2 });
  expect(readKeptDraft('tomas', 'new')).toEqual(emptyDraft());
  keepDraft('ines', 'new', emptyDraft());
  expect(readKeptDraft('ines', 'new')).toEqual(emptyDraft());
});

test.each(['not json', '7', '{"user":"ines"}', '{"user":"ines","drafts":null}'])(
  'what is not ours is no draft: %s',
  (kept) => {
    stubStorage(kept);
    expect(readKeptDraft('ines', 'new')).toEqual(emptyDraft());
  },
);

test('a browser that keeps nothing does not stand in the way', () => {
  vi.stubGlobal('sessionStorage', {
    getItem: () => {
      throw new Error('denied');
    },
    setItem: () => {
      throw new Error('full');
    },
  });
  expect(() => keepDraft('ines', 'new', { ...emptyDraft(), text: 'a lake' })).not.toThrow();
  expect(readKeptDraft('ines', 'new')).toEqual(emptyDraft());
});
