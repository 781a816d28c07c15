import { afterEach, expect, test, vi } from 'vitest';
import { ApiError } from '#lib/api.ts';
import { differing, isUnreachable, sendOne } from './send-waiting.ts';
import type { Change } from './waiting-change.ts';

afterEach(() => vi.unstubAllGlobals());

type Answers = Record<string, [number, unknown]>;
/** A server that answers by method and path; what was asked is returned. */
function serve(answers: Answers): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (address: string, { method = 'GET' }: RequestInit = {}) => {
    const name = `${method} ${address.replace('/api/v1', '')}`;
    asked.push(name);
    const [status, body] = answers[name] ?? [404, { error: { code: 'not_found', message: 'It is not there.' } }];
    return Response.json(body, { status });
  });
  return asked;
}
const fail = () => vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
const begun = async () => true;
const send = (change: Change, isSure = false) => sendOne({ change }, { isSure, begun });

const caption: Change = {
  kind: 'photo',
  id: 'p',
  filename: 'p.jpg',
  before: { caption: 'Dawn' },
  after: { caption: 'Dusk' },
};
const step: Change = { kind: 'step', session: 's', step: { prompt: 'a lake', parameters: {}, correlation_id: 'w1' } };

test('a caption is sent where nobody else wrote one, or wrote the same', async () => {
  for (const now of ['Dawn', 'Dusk']) {
    const asked = serve({ 'GET /photos/p/metadata': [200, { caption: now }], 'PATCH /photos/p': [200, {}] });
    expect(await send(caption)).toEqual({ is: 'sent' });
    expect(asked).toEqual(['GET /photos/p/metadata', 'PATCH /photos/p']);
  }
});

test('one that somebody else wrote is not written over, unless somebody is sure', async () => {
  const asked = serve({ 'GET /photos/p/metadata': [200, { caption: 'Noon' }], 'PATCH /photos/p': [200, {}] });
  expect(await send(caption)).toEqual({
    is: 'refused',
    isConflict: true,
    text: 'The caption was changed elsewhere in the meantime, to “Noon”.',
  });
  expect(asked).toEqual(['GET /photos/p/metadata']);
  expect(await send(caption, true)).toEqual({ is: 'sent' });
});

test('tags are the same by what they are, not by which list they are in', () => {
  expect(differing({ tags: ['a'] }, { tags: ['a'] }, { tags: ['b'] })).toBe(null);
  expect(differing({ tags: ['c'], caption: 'x' }, { tags: ['a'] }, { tags: ['b'] })).toEqual({ tags: ['c'] });
});

test('a step whose answer was lost is not asked for twice', async () => {
  const asked = serve({
    'GET /generation/sessions/s/steps': [200, { items: [{ correlation_id: 'w1' }] }],
    'POST /generation/sessions/s/steps': [201, {}],
  });
  expect(await send(step)).toEqual({ is: 'sent' });
  expect(asked).toEqual(['GET /generation/sessions/s/steps']);
});

test('a session is begun once, whatever becomes of its step', async () => {
  serve({
    'POST /generation/sessions': [201, { id: 's' }],
    'POST /generation/sessions/s/steps': [503, { error: { code: 'unavailable', message: 'Later.' } }],
  });
  const known: Change[] = [];
  const outcome = await sendOne(
    { change: { ...step, session: null } },
    { isSure: false, begun: async (change) => known.push(change) > 0 },
  );
  expect(outcome).toEqual({ is: 'later', after: 10_000 });
  expect(known).toEqual([step]);
});

test('a session that was begun for a step withdrawn meanwhile goes again', async () => {
  const asked = serve({
    'POST /generation/sessions': [201, { id: 's' }],
    'DELETE /generation/sessions/s': [200, {}],
  });
  await sendOne({ change: { ...step, session: null } }, { isSure: false, begun: async () => false });
  expect(asked).toEqual(['POST /generation/sessions', 'DELETE /generation/sessions/s']);
});

test('a photo that is gone keeps nothing from the others', async () => {
  const sets: string[][] = [];
  vi.stubGlobal('fetch', async (_: string, { body }: RequestInit) => {
    const { ids } = JSON.parse(body as string) as { ids: string[] };
    sets.push(ids);
    const gone = { code: 'not_found', message: 'There is no such photo.', details: { ids: ['b'] } };
    return ids.includes('b') ? Response.json({ error: gone }, { status: 404 }) : Response.json({ count: 2 });
  });
  expect(await send({ kind: 'favorite', ids: ['a', 'b', 'c'], is: true })).toEqual({ is: 'sent' });
  expect(sets).toEqual([
    ['a', 'b', 'c'],
    ['a', 'c'],
  ]);
  expect(await send({ kind: 'archive', ids: ['b'], is: true })).toMatchObject({ is: 'refused' });
});

test('what is refused is told; who is away, busy or does not know us is asked again', async () => {
  const favorite: Change = { kind: 'favorite', ids: ['p'], is: true };
  serve({});
  expect(await send(favorite)).toEqual({ is: 'refused', isConflict: false, text: 'It is not there.' });
  const answer = (status: number, details = {}) =>
    serve({ 'POST /photos/batch/favorite': [status, { error: { code: 'x', message: 'No.', details } }] });
  answer(429, { retry_after: 3 });
  expect(await send(favorite)).toEqual({ is: 'later', after: 3000 });
  answer(401);
  expect(await send(favorite)).toEqual({ is: 'later', after: 0 });
  fail();
  expect(await send(favorite)).toEqual({ is: 'later', after: 0 });
});

test('no answer, or a gateway’s, is a server that is away; its own 502 is not', () => {
  expect(isUnreachable(new ApiError(0, 'network', ''))).toBe(true);
  expect(isUnreachable(new ApiError(504, 'unreadable', ''))).toBe(true);
  expect(isUnreachable(new ApiError(530, 'unreadable', ''))).toBe(true);
  expect(isUnreachable(new ApiError(404, 'unreadable', ''))).toBe(true);
  expect(isUnreachable(new ApiError(404, 'not_found', ''))).toBe(false);
  expect(isUnreachable(new ApiError(413, 'unreadable', ''))).toBe(false);
  expect(isUnreachable(new ApiError(502, 'invokeai_connection_error', ''))).toBe(false);
  expect(isUnreachable(new ApiError(500, 'server_error', ''))).toBe(false);
});
