import { expect, test } from 'vitest';
import { memorablePassword } from './memorable-password.ts';

test('passwords are words and a number, and hardly ever the same', () => {
  const made = Array.from({ length: 1000 }, memorablePassword);
  for (const password of made) expect(password).toMatch(/^[a-z]{2,}-[a-z]{2,}-[a-z]{2,}-[1-9][0-9]$/);
  expect(new Set(made).size).toBe(1000);
});
