import { expect, test } from 'vitest';
import { isFetchable, isOpen, stateOf } from './alternative-state.ts';

const pending = {
  photo: null,
  retrieval_status: 'pending',
  cancelled: false,
  is_settled: false,
  progress: null,
} as const;
const progress = { done: 0.5, step: 14, of: 28, preview_url: null };

test.each([
  [{}, 'waiting', true],
  [{ progress }, 'sharpening', true],
  [{ progress: { ...progress, done: 1 } }, 'fetching', true],
  [{ retrieval_status: 'processing' }, 'fetching', true],
  [{ retrieval_status: 'failed' }, 'retrying', true],
  [{ retrieval_status: 'failed', is_settled: true }, 'failed', false],
  [{ retrieval_status: 'failed', is_settled: true, cancelled: true }, 'cancelled', false],
  [{ retrieval_status: 'completed', is_settled: true, photo: { deleted_at: null } }, 'done', false],
  [
    { retrieval_status: 'completed', is_settled: true, photo: { deleted_at: '2026-11-22T00:00:00Z' } },
    'trashed',
    false,
  ],
  [{ retrieval_status: 'completed', is_settled: true }, 'gone', false],
] as const)('%j is %s', (told, state, open) => {
  const alternative = { ...pending, ...told };
  expect([stateOf(alternative), isOpen(alternative)]).toEqual([state, open]);
});

test('only what was made can be fetched again', () => {
  const lost = { code: 'invokeai_retrieval_error', message: '' };
  expect(isFetchable({ error: lost, cancelled: false })).toBe(true);
  expect(isFetchable({ error: lost, cancelled: true })).toBe(false);
  expect(isFetchable({ error: { ...lost, code: 'invokeai_generation_error' }, cancelled: false })).toBe(false);
});
