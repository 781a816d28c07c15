import { describe, expect, test } from 'vitest';
import type { Style } from '#lib/api-schema.ts';
import { previewAddress, readChoice, usualPercent, writeChoice } from './style-choice.ts';

const style = (id: Style['id'], strength: number): Style => ({
  id,
  name: id,
  description: id,
  category: 'film',
  default_strength: strength,
});
const [cinematic, neon] = [style('cinematic', 0.8), style('neon', 0.57)];
const read = (query: string) => readChoice(new URLSearchParams(query), [cinematic, neon]);

describe('the address of a preview', () => {
  test('names no strength where it is the usual one, so that look and picture are one file', () => {
    expect(previewAddress('a', cinematic)).toBe('/api/v1/photos/a/styles/cinematic/preview');
    expect(previewAddress('a', cinematic, 80)).toBe(previewAddress('a', cinematic));
    expect(usualPercent(neon)).toBe(57);
    expect(previewAddress('a', neon, 57)).toBe(previewAddress('a', neon));
  });
  test('holds any other strength from 0 to 1', () => {
    expect(previewAddress('a', neon, 0)).toBe('/api/v1/photos/a/styles/neon/preview?strength=0');
    expect(previewAddress('a', neon, 29)).toBe('/api/v1/photos/a/styles/neon/preview?strength=0.29');
    expect(previewAddress('a', neon, 100)).toBe('/api/v1/photos/a/styles/neon/preview?strength=1');
  });
});

describe('the choice in the address of the page', () => {
  test('comes back as it was written', () => {
    for (const choice of [
      { style: 'neon', percent: 0 },
      { style: 'cinematic', percent: 100 },
    ])
      expect(read(writeChoice(choice))).toEqual(choice);
  });
  test('is the first style at its usual strength where there is none, or none that makes sense', () => {
    for (const query of ['', '?style=etching', '?style=cinematic&strength=-1', '?strength=1e2', '?strength=1000'])
      expect(read(query)).toEqual({ style: 'cinematic', percent: 80 });
    expect(read('?style=neon&strength=many')).toEqual({ style: 'neon', percent: 57 });
    expect(read('?style=neon&strength=400')).toEqual({ style: 'neon', percent: 100 });
    expect(readChoice(new URLSearchParams(), [])).toBeUndefined();
  });
});
