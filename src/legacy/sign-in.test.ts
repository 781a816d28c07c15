import { expect, test } from 'vitest';
import { createTestApp } from '../../test/app.ts';

const app = await createTestApp();
const admin = await app.signUp();

const form = (fields: Record<string, string>) => ({
  body: new URLSearchParams(fields).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});
const doors: Record<string, (name: string, password: string) => Promise<{ status: number; text: string }>> = {
  '/auth/login': (username, password) =>
    app.request(null, 'POST', '/auth/login', { json: { username, password }, headers: from(1) }),
  '/api/login/': (username, password) =>
    app.request(null, 'POST', '/api/login/', { json: { username, password }, headers: from(2) }),
  '/api/token/': (username, password) =>
    app.request(null, 'POST', '/api/token/', { json: { username, password }, headers: from(3) }),
  '/api/auth/login': (email, password) =>
    app.request(null, 'POST', '/api/auth/login', { json: { email, password }, headers: from(4) }),
  '/token': (username, password) => {
    const { body, headers } = form({ grant_type: 'password', username, password });
    return app.request(null, 'POST', '/token', { body, headers: { ...headers, ...from(5) } });
  },
};
const from = (n: number) => ({ 'x-forwarded-for': `198.51.100.${n}` });

const tries = async (): Promise<number> => {
  const log = await app.request(admin, 'GET', '/api/v1/admin/audit?action=sign_in_failed&limit=100');
  expect(log.status).toBe(200);
  return log.json().items.length;
};

test.each(Object.entries(doors))('%s: what is longer than any name or password is wrong', async (_, enter) => {
  const wrong = await enter(admin.email, 'not this one');
  expect(wrong.status).toBe(401);
  const before = await tries();
  expect(before).toBeGreaterThan(0);
  for (const [name, password] of [
    ['m'.repeat(255), admin.password],
    [admin.email, admin.password.padEnd(1025)],
  ] as const) {
    const answer = await enter(name, password);
    expect([answer.status, answer.text]).toEqual([401, wrong.text]);
  }
  // They do not come as far as looking for an account, and what is written down of that.
  expect(await tries()).toBe(before);
  const longest = await enter('m'.repeat(254), 'x'.repeat(1024));
  expect(longest.status).toBe(401);
  expect(await tries()).toBe(before + 1);
});
