import { expect, test } from 'vitest';
import { createUnlockLimits } from './unlock-limits.ts';

const refused = { code: 'rate_limited', details: { retry_after: expect.any(Number) } };
const isRefused = async (limits: ReturnType<typeof createUnlockLimits>, link: string, network: string) =>
  limits.before(link, network).then(
    () => false,
    () => true,
  );

test('a network has ten tries at a link, until it has the password', async () => {
  const limits = createUnlockLimits();
  for (let n = 0; n < 9; n += 1) await limits.before('link', 'here');
  await limits.before('link', 'here');
  await limits.after('link', 'here');
  for (let n = 0; n < 10; n += 1) await limits.before('link', 'here');
  await expect(limits.before('link', 'here')).rejects.toMatchObject(refused);
  await limits.before('another', 'here');
  await limits.before('link', 'elsewhere');
});

test('a network has a hundred tries at all links together', async () => {
  const limits = createUnlockLimits();
  for (let n = 0; n < 100; n += 1) await limits.before(`link ${n}`, 'here');
  await expect(limits.before('link 100', 'here')).rejects.toMatchObject(refused);
  await limits.before('link 100', 'elsewhere');
});

test('many networks have a hundred tries at a link together; who opened it before goes on', async () => {
  const limits = createUnlockLimits();
  await limits.before('link', 'known');
  await limits.after('link', 'known');
  for (let n = 0; n < 100; n += 1) expect(await isRefused(limits, 'link', `network ${n}`)).toBe(false);
  expect(await isRefused(limits, 'link', 'network 100')).toBe(true);
  expect(await isRefused(limits, 'link', 'known')).toBe(false);
  expect(await isRefused(limits, 'another', 'network 100')).toBe(false);
});

test('visits and passwords, right ones too, are taken three hundred times from a network', async () => {
  const limits = createUnlockLimits();
  for (let n = 0; n < 150; n += 1) {
    await limits.open('link', 'here');
    await limits.before('link', 'here');
    await limits.after('link', 'here');
  }
  await expect(limits.open('link', 'here')).rejects.toMatchObject(refused);
  await expect(limits.before('link', 'here')).rejects.toMatchObject(refused);
  await limits.open('link', 'elsewhere');
  await limits.before('link', 'elsewhere');
  await limits.open('another', 'here');
});
