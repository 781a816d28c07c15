import { expect, test } from 'vitest';
import { nextAddress } from './next.ts';

const next = (asked: string | null) =>
  nextAddress({ origin: 'https://pictures.example', searchParams: { get: () => asked } });

test('goes on to the address that was asked for', () => {
  expect(next('/photos?q=fog')).toBe('/photos?q=fog');
  expect(next(null)).toBe('/photos');
});

test.each([
  '//evil.example/x',
  '/\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  'photos',
  '/\t/evil.example',
])('refuses to leave for %s', (asked) => {
  expect(next(asked)).toBe('/photos');
});
