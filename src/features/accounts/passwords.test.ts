import { expect, test } from 'vitest';
import { createPasswords } from './passwords.ts';

const passwords = createPasswords();

test('a password matches its own hash alone, whichever way its letters are composed', async () => {
  const hash = await passwords.hash('pa\u0308sswords ru\u0308le');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await passwords.verify('p\u00e4sswords r\u00fcle', hash)).toBe(true);
  expect(await passwords.verify('p\u00e4sswords r\u00fcl', hash)).toBe(false);
  expect(await passwords.hash('same again')).not.toBe(await passwords.hash('same again'));
});

test('nobody has no password', async () => {
  expect(await passwords.verify('anything at all', null)).toBe(false);
});

test('after a rush in which nothing could be hashed, absent and present are verified alike again', async () => {
  const rushed = createPasswords();
  const many = Array.from({ length: 66 }, () => rushed.hash('a long walk uphill'));
  await expect(rushed.verify('a long walk uphill', null)).rejects.toMatchObject({ code: 'rate_limited' });
  await Promise.all(many);
  expect(await rushed.verify('a long walk uphill', null)).toBe(false);
});

test('a hash of other parameters is verified, and wants to be replaced; one that cannot be read is nobody’s', async () => {
  const own = await passwords.hash('a long walk uphill');
  expect(passwords.isEarlier(own)).toBe(false);
  expect(passwords.isEarlier(own.replace('m=19456', 'm=8192'))).toBe(true);
  expect(await passwords.verify('a long walk uphill', own.replace('m=19456', 'm=8192'))).toBe(false);
  expect(await passwords.verify('a long walk uphill', '$argon2id$rubbish')).toBe(false);
  expect(await passwords.verify('a long walk uphill', own.replace('m=19456', 'm=4194304'))).toBe(false);
});

test.each([
  ['short', 'Seven77'],
  ['common', 'password123'],
  ['common in capitals', 'PASSWORD123'],
  ["the person's own name", 'ines.of.bilbao'],
  ["the person's own mail", 'ines@example.org'],
  ['too long', 'x'.repeat(257)],
])('refuses a password that is %s', async (_, password) => {
  const about = { username: 'ines.of.bilbao', email: 'ines@example.org' };
  await expect(passwords.requireStrong(password, about)).rejects.toMatchObject({ code: 'validation_error' });
});

test.each(['correct horse', '🐎🔋📎🐎🔋📎🐎🔋', 'x1-'.repeat(30)])('takes %s', async (password) => {
  await expect(passwords.requireStrong(password, { username: 'ines' })).resolves.toBeUndefined();
});

// That it refuses at all shows that an absent account costs a hash too: absence is not to be told from the time taken.
test('hashes two at a time and refuses a queue that grows without end', async () => {
  const crowd = Array.from({ length: 90 }, () => passwords.verify('x', null).catch((error) => error.code));
  const answers = await Promise.all(crowd);
  expect(answers.filter((answer) => answer === 'rate_limited').length).toBeGreaterThan(0);
  expect(answers.filter((answer) => answer === false).length).toBeGreaterThan(50);
  expect(await passwords.verify('x', null)).toBe(false);
});
