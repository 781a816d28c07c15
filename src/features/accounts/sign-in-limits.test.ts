import { expect, test } from 'vitest';
import { createSignInLimits } from './sign-in-limits.ts';

async function countAllowed(tries: number, attempt: () => Promise<void>): Promise<number> {
  let allowed = 0;
  for (let n = 0; n < tries; n += 1) {
    await attempt().then(
      () => {
        allowed += 1;
      },
      (error) => expect(error).toMatchObject({ code: 'rate_limited', details: { retry_after: expect.any(Number) } }),
    );
  }
  return allowed;
}

test('guessing at one account from one network ends after ten tries, however its name is written', async () => {
  const limits = createSignInLimits();
  let n = 0;
  const attempt = () => limits.beforeSignIn(n++ % 2 ? 'Ines' : 'ines', '203.0.113.9');
  expect(await countAllowed(20, attempt)).toBe(10);
});

test('guessing at many accounts from one network ends too', async () => {
  const limits = createSignInLimits();
  let n = 0;
  expect(await countAllowed(150, () => limits.beforeSignIn(`account-${n++}`, '203.0.113.9'))).toBe(100);
});

test('a stranger with many networks is slowed down, and does not lock the owner out', async () => {
  const limits = createSignInLimits();
  await limits.beforeSignIn('ines', '198.51.100.7');
  await limits.afterSignIn('ines', '198.51.100.7');
  let n = 0;
  expect(await countAllowed(300, () => limits.beforeSignIn('ines', `2001:db8:0:${(n++).toString(16)}::/64`))).toBe(200);
  await expect(limits.beforeSignIn('ines', '198.51.100.7')).resolves.toBeUndefined();
});

test('signing in gives the tries back', async () => {
  const limits = createSignInLimits();
  for (let n = 0; n < 50; n += 1) {
    await limits.beforeSignIn('ines', '203.0.113.9');
    await limits.afterSignIn('ines', '203.0.113.9');
  }
  expect(await countAllowed(20, () => limits.beforeSignIn('ines', '203.0.113.9'))).toBe(10);
});
