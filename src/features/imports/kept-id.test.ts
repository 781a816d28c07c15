import { expect, test } from 'vitest';
import { id } from '#platform/http/contract.ts';
import { toKeptId } from './kept-id.ts';

test.each([
  ['0197F3C2-7B1E-7C3A-9D57-3F0A4B5C6D7E', '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e'],
  ['6fa459ea-ee8a-4ca4-894e-db77e160355e', '6fa459ea-ee8a-4ca4-894e-db77e160355e'],
  ['6fa459ea-ee8a-0ca4-894e-db77e160355e', null],
  ['6fa459ea-ee8a-4ca4-194e-db77e160355e', null],
  ['00000000-0000-0000-0000-000000000000', null],
  ['17', null],
])('%s is kept where the API takes it for an id', (earlier, kept) => {
  expect(toKeptId(earlier)).toBe(kept);
  if (kept) expect(id.safeParse(kept).success).toBe(true);
});
