import { expect, test } from 'vitest';
import type { Upload } from './queue.ts';
import { summarize } from './tray-words.ts';

const upload = (state: Upload['state'], sent = 0) => ({ state, size: 1000, sent });

test('under way: how many, how far, how long', () => {
  const summary = summarize([upload('done'), upload('sending', 500), upload('waiting'), upload('waiting')], false, 10);
  expect(summary).toMatchObject({
    title: 'Adding 4 photos',
    status: '1 in, about 4 minutes left',
    progress: 0.375,
    isOver: false,
    footer: 'You can close this tab; the rest will wait.',
  });
});

test('over: what came in and what did not', () => {
  const summary = summarize([upload('done'), upload('duplicate'), upload('failed', 300), upload('refused')], false, 0);
  expect(summary).toMatchObject({
    title: '1 photo added',
    status: '1 failed, 1 not taken, 1 already here',
    failed: 1,
    isOver: true,
  });
});

test('the first may be in while others are still being looked at: nothing is over then', () => {
  const summary = summarize([upload('done')], false, 0, 2);
  expect(summary).toMatchObject({ title: 'Adding 3 photos', isOver: false });
});

test('a pause is called a pause', () => {
  expect(summarize([upload('waiting')], true, 99).status).toBe('0 in, paused');
});
