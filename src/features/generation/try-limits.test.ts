import { expect, test } from 'vitest';
import { createTryLimits } from './try-limits.ts';

const few = { mostWaiting: 3, mostWaitingOfNetwork: 2, perNetwork: 5, inAll: 8 };
const refusal = { code: 'rate_limited', details: { retry_after: expect.any(Number) } };
const done = async () => 'painted';

test('one network has so many pictures painted in a while, and others go on', async () => {
  const limits = createTryLimits(few);
  for (let n = 0; n < 5; n += 1) expect(await limits.paint('203.0.113.9', done)).toBe('painted');
  await expect(limits.paint('203.0.113.9', done)).rejects.toMatchObject(refusal);
  expect(await limits.paint('198.51.100.7', done)).toBe('painted');
});

test('all networks together have so many as well', async () => {
  const limits = createTryLimits(few);
  for (let n = 0; n < 8; n += 1) await limits.paint(`198.51.100.${n}`, done);
  await expect(limits.paint('203.0.113.9', done)).rejects.toMatchObject(refusal);
});

test('what was not painted does not count', async () => {
  const limits = createTryLimits(few);
  for (let n = 0; n < 20; n += 1) {
    await expect(limits.paint('203.0.113.9', () => Promise.reject(new Error('busy')))).rejects.toThrow('busy');
  }
  expect(await limits.paint('203.0.113.9', done)).toBe('painted');
});

test('so many wait at once, of one network and in all; each that leaves makes room', async () => {
  const limits = createTryLimits(few);
  const { promise: painted, resolve: end } = Promise.withResolvers<void>();
  const waiting = ['a', 'a', 'b'].map((network) => limits.paint(network, () => painted));
  await expect(limits.paint('a', done)).rejects.toMatchObject(refusal);
  await expect(limits.paint('c', done)).rejects.toMatchObject(refusal);
  end();
  await Promise.all(waiting);
  expect(await limits.paint('a', done)).toBe('painted');
  expect(await limits.paint('c', done)).toBe('painted');
});
