import { describe, expect, test } from 'vitest';
import { type Caller, nobody, type UserCaller } from './caller.ts';
import { requireSameOrigin } from './origin-check.ts';

const own = 'https://photos.example.org';
const user = (via: UserCaller['via']): Caller => ({
  kind: 'user',
  principal: { kind: 'user', id: '00000000-0000-7000-8000-000000000001' },
  userId: '00000000-0000-7000-8000-000000000001',
  username: 'ines',
  role: 'user',
  via,
  credentialId: '00000000-0000-7000-8000-000000000002',
  scopes: null,
  expiresAt: null,
});
const check =
  (caller: Caller, headers: Record<string, string>, method = 'POST') =>
  () =>
    requireSameOrigin({ method, caller, ownOrigins: [own], header: (name) => headers[name] });

describe('a write with a cookie', () => {
  test.each([[{ origin: own }], [{ origin: own, 'sec-fetch-site': 'same-origin' }]])('passes from %j', (headers) => {
    expect(check(user('cookie'), headers)).not.toThrow();
  });
  test.each([
    [{}],
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: 'http://photos.example.org' }],
    [{ origin: 'https://photos.example.org.evil.example' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ origin: own, 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'none' }],
  ])('is refused from %j', (headers) => {
    expect(check(user('cookie'), headers)).toThrow('another site');
  });
});

test('reading needs no origin', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS']) expect(check(user('cookie'), {}, method)).not.toThrow();
});

test('a token is shown on purpose, so it needs no origin', () => {
  for (const via of ['token', 'api_key'] as const) {
    expect(check(user(via), { origin: 'https://app.example' })).not.toThrow();
  }
});

test('in single mode, and before signing in, a page of another site is refused and a program is not', () => {
  for (const caller of [user('single'), nobody]) {
    expect(check(caller, {})).not.toThrow();
    expect(check(caller, { origin: own })).not.toThrow();
    expect(check(caller, { origin: 'https://evil.example' })).toThrow();
    expect(check(caller, { 'sec-fetch-site': 'cross-site' })).toThrow();
  }
});
