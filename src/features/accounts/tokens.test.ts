import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createBearerTokens, deriveKey, hashSecret, newSecret } from './tokens.ts';

const session = () => ({ secret: newSecret(), userId: 'a', expiresAt: new Date(Date.now() + 60_000) });

test('a bearer token gives its session secret back to the library that issued it, and to no other', async () => {
  const ours = createBearerTokens({ secret: randomBytes(32) });
  const theirs = createBearerTokens({ secret: randomBytes(32) });
  const given = session();
  const token = await ours.issue(given);
  const expiresAt = new Date(Math.floor(given.expiresAt.getTime() / 1000) * 1000);
  expect(await ours.read(token)).toEqual({ secret: given.secret, expiresAt });
  expect([await ours.judge(token), await theirs.judge(token)]).toEqual(['ours', 'garbled']);
  expect(await theirs.read(token)).toBeNull();
});

test('a changed, expired, unsigned or foreign token is none', async () => {
  const tokens = createBearerTokens({ secret: randomBytes(32) });
  const [header, payload, signature] = (await tokens.issue(session())).split('.') as [string, string, string];
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  expect(await tokens.read(`${header}.${payload}.${[...signature].reverse().join('')}`)).toBeNull();
  expect(await tokens.read(`${unsigned}.${payload}.`)).toBeNull();
  const expired = await tokens.issue({ ...session(), expiresAt: new Date(Date.now() - 1000) });
  expect(await tokens.read(expired)).toBeNull();
  expect(await tokens.judge(expired)).toBe('expired');
  expect(await tokens.judge(`${header}.${payload}.${[...signature].reverse().join('')}`)).toBe('garbled');
  expect(await tokens.read('')).toBeNull();
  expect(await tokens.read('a.b.c')).toBeNull();
});

test('secrets have 256 bits, and keys of different purposes differ', () => {
  expect(Buffer.from(newSecret(), 'base64url')).toHaveLength(32);
  expect(new Set(Array.from({ length: 1000 }, newSecret)).size).toBe(1000);
  const secret = randomBytes(32);
  expect(deriveKey(secret, 'a')).not.toEqual(deriveKey(secret, 'b'));
  expect(hashSecret('x')).toHaveLength(32);
});
