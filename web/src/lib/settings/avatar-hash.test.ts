import { expect, test } from 'vitest';
import { avatarHash } from './avatar-hash.ts';

test('an e-mail is known by its sha256, however it is written', async () => {
  // The example of Gravatar's own documentation.
  const hash = '84059b07d4be67b806386c0aad8070a23f18836bbaae342275dc0a83414c32ee';
  expect(await avatarHash('myemailaddress@example.com')).toBe(hash);
  expect(await avatarHash(' MyEmailAddress@example.com ')).toBe(hash);
});
