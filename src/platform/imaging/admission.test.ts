import { expect, test } from 'vitest';
import { createAdmission } from './admission.ts';

/** Asks for `cost` and notes `name` in `order` when it is admitted. */
function ask(
  admission: ReturnType<typeof createAdmission>,
  order: string[],
  name: string,
  cost: number,
  signal?: AbortSignal,
) {
  return admission.acquire(cost, signal).then((release) => {
    order.push(name);
    return release;
  });
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('admits in the order of asking, even when a later one would fit', async () => {
  const admission = createAdmission(10);
  const order: string[] = [];
  const first = await ask(admission, order, 'first', 6);
  const large = ask(admission, order, 'large', 8);
  const small = ask(admission, order, 'small', 1);
  await settled();
  expect(order).toEqual(['first']);
  first();
  await Promise.all([large, small]);
  expect(order).toEqual(['first', 'large', 'small']);
});

test('one that asks for more than there is waits for all of it and then runs alone', async () => {
  const admission = createAdmission(10);
  const order: string[] = [];
  const first = await ask(admission, order, 'first', 1);
  const huge = ask(admission, order, 'huge', 1_000_000);
  first();
  const releaseHuge = await huge;
  const after = ask(admission, order, 'after', 1);
  await settled();
  expect(order).toEqual(['first', 'huge']);
  releaseHuge();
  await after;
});

test('an aborted one leaves the queue with the reason, and those behind it move up', async () => {
  const admission = createAdmission(10);
  const order: string[] = [];
  await ask(admission, order, 'first', 6);
  const abort = new AbortController();
  const large = ask(admission, order, 'large', 8, abort.signal);
  const small = ask(admission, order, 'small', 1);
  abort.abort(new Error('gone'));
  await expect(large).rejects.toThrow('gone');
  await small;
  expect(order).toEqual(['first', 'small']);
  await expect(admission.acquire(1, abort.signal)).rejects.toThrow('gone');
});

test('one that yields waits for all who do not, whenever they came, and then for those that came before it', async () => {
  const admission = createAdmission(1);
  const order: string[] = [];
  const wait = async (name: string, yields: boolean) => {
    const release = await admission.acquire(1, undefined, { yields });
    order.push(name);
    release();
  };
  const first = await ask(admission, order, 'first', 1);
  const waiting = [wait('patient', true), wait('second', false), wait('more patient', true), wait('third', false)];
  first();
  await Promise.all(waiting);
  expect(order).toEqual(['first', 'second', 'third', 'patient', 'more patient']);
});

test('giving back twice gives back once', async () => {
  const admission = createAdmission(1);
  const release = await admission.acquire(1);
  release();
  release();
  await admission.acquire(1);
  const third = admission.acquire(1).then(() => 'admitted');
  expect(await Promise.race([third, settled().then(() => 'waiting')])).toBe('waiting');
});
