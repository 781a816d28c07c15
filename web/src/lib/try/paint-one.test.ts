import { afterEach, expect, test, vi } from 'vitest';
import { paintOne } from './paint-one.ts';

afterEach(() => vi.unstubAllGlobals());

const asked = { prompt: 'a lake', seed: 7, shape: 'square' } as const;
const refusal = (status: number, details: Record<string, unknown>) =>
  Response.json(
    { error: { code: status === 429 ? 'rate_limited' : 'unavailable', message: 'Later.', details } },
    { status },
  );

/** A server that answers these, one after the other. */
function answer(...answers: (Response | Error)[]) {
  const bodies: unknown[] = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    bodies.push(JSON.parse(String(init.body)));
    const next = answers.shift();
    if (next instanceof Response) return next;
    throw next ?? new TypeError('nothing is left to answer');
  });
  return bodies;
}

const patience = () => {
  const leaving = new AbortController();
  let waits = 0;
  return {
    leaving,
    waits: () => waits,
    options: { signal: leaving.signal, secondMs: 0, onwait: () => void waits++ },
  };
};

test('the picture is what the server answers', async () => {
  const bodies = answer(new Response('painted'));
  const blob = await paintOne(asked, patience().options);
  expect(await blob.text()).toBe('painted');
  expect(bodies).toEqual([asked]);
});

test('a short wait is waited, and says so', async () => {
  answer(refusal(503, { retry_after: 10 }), refusal(429, { retry_after: 5 }), new Response('painted'));
  const { options, waits } = patience();
  expect(await (await paintOne(asked, options)).text()).toBe('painted');
  expect(waits()).toBe(2);
});

test('a long one is told, as is one that does not end, and whatever is no wait', async () => {
  answer(refusal(429, { retry_after: 600 }));
  await expect(paintOne(asked, patience().options)).rejects.toMatchObject({ status: 429, message: 'Later.' });
  answer(...Array.from({ length: 9 }, () => refusal(503, { retry_after: 1 })));
  await expect(paintOne(asked, patience().options)).rejects.toMatchObject({ status: 503 });
  answer(refusal(503, {}));
  await expect(paintOne(asked, patience().options)).rejects.toMatchObject({ status: 503 });
  answer(new TypeError('Failed to fetch'));
  await expect(paintOne(asked, patience().options)).rejects.toMatchObject({ code: 'network' });
});

test('who leaves does not wait', async () => {
  answer(refusal(503, { retry_after: 10 }), new Response('painted'));
  const { leaving, options } = patience();
  const painted = paintOne(asked, { ...options, secondMs: 1000, onwait: () => setTimeout(() => leaving.abort()) });
  await expect(painted).rejects.toMatchObject({ name: 'AbortError' });
});
