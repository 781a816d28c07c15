import { type Kysely, type RawBuilder, sql } from 'kysely';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { slowness } from '../../../test/slowness.ts';
import type { GenerationTables } from './tables.ts';

type AnyTx = Kysely<GenerationTables>;

const app = await createTestApp();
const patience = { timeout: 60_000 * slowness };
const small = { width: 256, height: 256, steps: 2, batch_size: 2 };
let admin: Person;
let ines: Person;
let tomas: Person;
let model: { key: string; hash: string; name: string };

const api = (path: string): string => `/api/v1${path}`;
const ask = async (as: Person, method: string, path: string, json?: unknown) => {
  const answer = await app.request(as, method, api(path), json === undefined ? {} : { json });
  return { status: answer.status, body: answer.text ? answer.json() : null };
};
async function begin(as: Person, body: unknown = { entry_type: 'scratch' }): Promise<string> {
  const { status, body: session } = await ask(as, 'POST', '/generation/sessions', body);
  expect(status).toBe(201);
  return session.id;
}
async function request(as: Person, session: string, more: Record<string, unknown> = {}) {
  const { parameters = {}, ...rest } = more as { parameters?: object };
  const json = { prompt: 'A mountain lake at first light', ...rest, parameters: { ...small, ...parameters } };
  const { status, body } = await ask(as, 'POST', `/generation/sessions/${session}/steps`, json);
  if (status !== 201) throw new Error(`a step was answered ${status}: ${JSON.stringify(body)}`);
  return body;
}
const stateOf = async (as: Person, step: string) => (await ask(as, 'GET', `/generation/steps/${step}/status`)).body;
const alternativesOf = async (as: Person, step: string) =>
  (await ask(as, 'GET', `/generation/steps/${step}/alternatives`)).body.items;
async function untilEnded(as: Person, step: string) {
  await expect.poll(async () => (await stateOf(as, step)).status, patience).toBeOneOf(['completed', 'failed']);
  return stateOf(as, step);
}

beforeAll(async () => {
  admin = await app.signUp();
  ines = await app.signUp();
  tomas = await app.signUp();
  expect((await ask(ines, 'POST', '/models/refresh')).body).toMatchObject({ success: true, models_count: 1 });
  [model] = (await ask(ines, 'GET', '/models')).body.items;
});

describe('a session from scratch', () => {
  let session: string;
  const steps: { id: string }[] = [];
  const chosen: string[] = [];

  test('a prompt becomes as many pictures as were asked for, each in the gallery with how it was made', async () => {
    session = await begin(ines);
    const step = await request(ines, session, { parameters: { seed: 7 } });
    steps.push(step);
    expect(step).toMatchObject({
      session_id: session,
      parent_id: null,
      source_image_id: null,
      position: 1,
      model_key: model.key,
      model_hash: model.hash,
      parameters: { ...small, seed: 7, model_key: model.key },
      error: null,
    });
    expect(await untilEnded(ines, step.id)).toMatchObject({
      status: 'completed',
      retrieval_status: { total: 2, completed: 2, pending: 0, failed: 0 },
    });
    const items = await alternativesOf(ines, step.id);
    expect(items.map(({ n, seed, retrieval_status: status }: Record<string, unknown>) => [n, seed, status])).toEqual([
      [0, 7, 'completed'],
      [1, 8, 'completed'],
    ]);
    for (const { image_id: id, photo, seed } of items) {
      expect(photo).toMatchObject({ id, width: 256, height: 256, kind: 'generated', is_generated: true });
      const { body } = await ask(ines, 'GET', `/photos/${id}/metadata`);
      expect(body).toMatchObject({
        generation_prompt: 'A mountain lake at first light',
        generation_params: { model_key: model.key, seed, steps: 2, width: 256, step_id: step.id, session_id: session },
        digital_source_type: 'http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia',
      });
      const original = await app.request(ines, 'GET', photo.full_url);
      expect([original.status, original.body.includes('algorithmicMedia')]).toEqual([200, true]);
    }
    const listed = await ask(ines, 'GET', '/photos?generated=true');
    expect(listed.body.items.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining(items.map(({ image_id: id }: { image_id: string }) => id)),
    );
  });

  test('the gallery shows what the session made, what one step made, and in short how', async () => {
    const items = await alternativesOf(ines, steps[0]?.id as string);
    const wanted = items.map(({ image_id: id }: { image_id: string }) => id).toSorted();
    for (const query of [`session_id=${session}`, `step_id=${steps[0]?.id}`]) {
      const { body } = await ask(ines, 'GET', `/photos?${query}`);
      expect(body.items.map(({ id }: { id: string }) => id).toSorted()).toEqual(wanted);
      expect(body.items[0].generation_metadata).toEqual({
        prompt: 'A mountain lake at first light',
        model_key: model.key,
        model_name: expect.any(String),
        seed: expect.any(Number),
        steps: 2,
        cfg_scale: expect.any(Number),
      });
      expect((await ask(tomas, 'GET', `/photos?${query}`)).body.items).toEqual([]);
    }
    expect((await ask(ines, 'GET', `/photos?step_id=${session}`)).body.items).toEqual([]);
  });

  test('one is picked, and the next step goes on from it', async () => {
    const [, second] = await alternativesOf(ines, steps[0]?.id as string);
    const picked = await ask(ines, 'POST', `/generation/steps/${steps[0]?.id}/alternatives/select`, {
      image_id: second.image_id,
    });
    expect(picked).toMatchObject({ status: 200, body: { image_id: second.image_id, selected: true } });
    chosen.push(second.image_id);
    const step = await request(ines, session, { prompt: 'warmer, mist on the water', parent_id: steps[0]?.id });
    expect(step).toMatchObject({ source_image_id: second.image_id, position: 2, parameters: { strength: 0.6 } });
    steps.push(step);
    expect((await untilEnded(ines, step.id)).status).toBe('completed');
    const [first] = await alternativesOf(ines, step.id);
    expect((await ask(ines, 'GET', `/photos/${first.image_id}/metadata`)).body).toMatchObject({
      source_image_id: second.image_id,
      generation_prompt: 'warmer, mist on the water',
      generation_params: { strength: 0.6 },
    });
  });

  test('another step branches from the first', async () => {
    const step = await request(ines, session, { prompt: 'at night', parent_id: steps[0]?.id, from_scratch: true });
    expect(step).toMatchObject({ parent_id: steps[0]?.id, source_image_id: null, position: 3 });
    steps.push(step);
    await untilEnded(ines, step.id);
    const listed = await ask(ines, 'GET', `/generation/sessions/${session}/steps`);
    expect(listed.body).toMatchObject({ total: 3 });
    expect(listed.body.items.map(({ id }: { id: string }) => id)).toEqual(steps.map(({ id }) => id));
  });

  test('the session tells what it is about, is completed, and takes no more until it is taken up again', async () => {
    const done = await ask(ines, 'PATCH', `/generation/sessions/${session}`, { status: 'completed' });
    expect(done.body).toMatchObject({ status: 'completed', steps_count: 3, title: 'A mountain lake at first light' });
    expect(done.body.latest_image.thumbnail_url).toMatch(/^\/api\/v1\/photos\//);
    const late = await ask(ines, 'POST', `/generation/sessions/${session}/steps`, { prompt: 'more' });
    expect([late.status, late.body.error.code]).toEqual([409, 'conflict']);
    await ask(ines, 'PATCH', `/generation/sessions/${session}`, { status: 'active' });
    await untilEnded(ines, (await request(ines, session, { from_scratch: true })).id);
    const active = await ask(ines, 'GET', '/generation/sessions?status=active');
    expect(active.body.items.map(({ id }: { id: string }) => id)).toContain(session);
  });

  test('nobody else finds any of it', async () => {
    expect((await ask(tomas, 'GET', '/generation/sessions')).body.total).toBe(0);
    expect((await ask(tomas, 'GET', '/photos')).body.total).toBe(0);
    for (const path of [`/generation/sessions/${session}`, `/generation/steps/${steps[0]?.id}`]) {
      expect((await ask(tomas, 'GET', path)).status).toBe(404);
    }
    for (const image of chosen) expect((await ask(tomas, 'GET', `/photos/${image}/metadata`)).status).toBe(404);
  });

  test('deleted, it leaves its pictures in the gallery', async () => {
    const before = (await ask(ines, 'GET', '/photos')).body.total;
    expect((await ask(ines, 'DELETE', `/generation/sessions/${session}`)).status).toBe(204);
    expect((await ask(ines, 'GET', `/generation/sessions/${session}`)).status).toBe(404);
    expect((await ask(ines, 'GET', '/photos')).body.total).toBe(before);
  });
});

test('a session that starts from a photo has its first step start from it, in its shape', async () => {
  const photo = await app.upload(ines, await tinyPhoto(1, { width: 900, height: 600 }));
  const session = await begin(ines, { entry_type: 'refinement', source_image_id: photo.id });
  const { width: _, height: __, ...rest } = small;
  const { status, body: step } = await ask(ines, 'POST', `/generation/sessions/${session}/steps`, {
    prompt: 'as a watercolour',
    parameters: { ...rest, batch_size: 1 },
  });
  expect([status, step.source_image_id]).toEqual([201, photo.id]);
  expect(step.parameters.width / step.parameters.height).toBeCloseTo(1.5, 1);
  expect((await untilEnded(ines, step.id)).status).toBe('completed');
  const [{ image_id: id }] = await alternativesOf(ines, step.id);
  expect((await ask(ines, 'GET', `/photos/${id}/metadata`)).body.source_image_id).toBe(photo.id);
});

test('the same prompt and seed give the same bytes, and two photos', async () => {
  const session = await begin(ines);
  const pictures = [];
  for (const _ of [1, 2]) {
    const step = await request(ines, session, { parameters: { seed: 99, batch_size: 1 } });
    await untilEnded(ines, step.id);
    const [{ photo }] = await alternativesOf(ines, step.id);
    pictures.push({ id: photo.id, bytes: (await app.request(ines, 'GET', photo.full_url)).body });
  }
  expect(pictures[0]?.id).not.toBe(pictures[1]?.id);
  expect(pictures[0]?.bytes.equals(pictures[1]?.bytes as Buffer)).toBe(true);
});

describe('what is asked for is held against what the model can', () => {
  test.each([
    [{ parameters: { batch_size: 11 } }, 'validation_error', /10 pictures at the most/],
    [{ parameters: { width: 257 } }, 'validation_error', /in steps of 8/],
    [{ parameters: { width: 64 } }, 'validation_error', /sides of 256 to/],
    [{ parameters: { width: 2048, height: 2048 + 8 } }, 'validation_error', /pixels/],
    [{ parameters: { steps: 1000 } }, 'validation_error', /1 to 50/],
    [{ parameters: { scheduler: 'by hand' } }, 'validation_error', /knows these schedulers/],
    [{ parameters: { model_key: 'gone' } }, 'invokeai_model_error', /not there any more/],
    [{ parameters: { model_hash: 'another' } }, 'invokeai_model_error', /has changed since/],
    [{ parameters: { vae_hash: 'of none' } }, 'validation_error', /Name the VAE/],
    [{ parameters: { strength: 0.5 } }, 'validation_error', /no picture to start from/],
    [{ parameters: { vae_key: 'none' } }, 'invokeai_model_error', /does not go with/],
    [{ parameters: { seed: 2 ** 32 } }, 'validation_error', /0 to 4294967295/],
    [{ prompt: ' \n ' }, 'validation_error', /what the picture is to show/],
    [{ prompt: 'x'.repeat(4001) }, 'validation_error', /4000 characters/],
  ])('%j', async (more, code, sentence) => {
    const session = await begin(ines);
    const json = {
      prompt: 'a lake',
      ...more,
      parameters: { ...small, ...('parameters' in more ? more.parameters : {}) },
    };
    const { status, body } = await ask(ines, 'POST', `/generation/sessions/${session}/steps`, json);
    expect([status, body.error.code]).toEqual([400, code]);
    expect(body.error.message).toMatch(sentence);
    expect((await ask(ines, 'GET', `/generation/sessions/${session}/steps`)).body.total).toBe(0);
  });
});

test('what is asked for once more after an answer that was lost is made once', async () => {
  const session = await begin(ines);
  const asked = { prompt: 'a pier', parameters: small, correlation_id: 'a name of my own' };
  const path = `/generation/sessions/${session}/steps`;
  const answers = await Promise.all([1, 2, 3].map(() => ask(ines, 'POST', path, asked)));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect((await ask(ines, 'GET', path)).body.total).toBe(1);
  // In another session it is another.
  const elsewhere = await ask(ines, 'POST', `/generation/sessions/${await begin(ines)}/steps`, asked);
  expect(elsewhere.body.id).not.toBe(answers[0]?.body.id);
  await untilEnded(ines, answers[0]?.body.id);
  await untilEnded(ines, elsewhere.body.id);
});

test('a session has as many steps as can be shown at once', async () => {
  const session = await begin(ines);
  await app.database.database.as({ kind: 'user', id: ines.id }, async (tx) => {
    await sql`
      insert into generation_steps (id, owner_id, session_id, position, prompt, parameters, model_key, model_hash, model_name,
        model_base, backend, batch_id, correlation_id, status, finished_at)
      select gen_random_uuid(), ${ines.id}, ${session}, n, 'a lake', '{}', 'key', 'hash', 'none', 'none', 'painter', gen_random_uuid(),
        'none', 'failed', now()
      from generate_series(1, 200) n`.execute(tx);
  });
  const { status, body } = await ask(ines, 'POST', `/generation/sessions/${session}/steps`, { prompt: 'one more' });
  expect([status, body.error.code]).toEqual([409, 'conflict']);
  expect(body.error.message).toMatch(/200 steps.*Begin another/);
});

test('a picture that was uploaded cannot be fetched once more: it is there', async () => {
  const photo = await app.upload(ines, await tinyPhoto(77));
  const one = await ask(ines, 'POST', `/photos/${photo.id}/retry`);
  expect([one.status, one.body.error.message]).toEqual([409, 'This picture is in the gallery already.']);
  expect((await ask(tomas, 'POST', `/photos/${photo.id}/retry`)).status).toBe(404);
  expect(await ask(ines, 'POST', '/photos/batch/retry', { ids: [photo.id] })).toMatchObject({
    status: 200,
    body: { success_count: 0, failed_count: 1, details: { retrying: [], failed: [photo.id] } },
  });
});

test('the settings tell how many pictures one step makes at the most', async () => {
  expect((await ask(ines, 'GET', '/settings')).body.limits).toEqual({ max_batch_size: 10 });
});

test('people are told of what they see, and not of who is at it', async () => {
  const heard: string[] = [];
  const stop = app.notifications.subscribe({
    onAnnouncement: ({ subject, details }) => {
      if (subject === 'changed' && details[0] === 'generation') heard.push(details.join(':'));
    },
    onCut() {},
  });
  const session = await begin(tomas);
  const id = crypto.randomUUID();
  const as = (statement: (tx: AnyTx) => Promise<unknown>) =>
    app.database.database.as<GenerationTables, unknown>({ kind: 'user', id: tomas.id }, statement);
  await as((tx) =>
    sql`
      insert into generation_steps (id, owner_id, session_id, position, prompt, parameters, model_key, model_hash, model_name,
        model_base, backend, batch_id, correlation_id, due_at)
      values (${id}, ${tomas.id}, ${session}, 1, 'a lake', '{}', 'key', 'hash', 'none', 'none', 'none', gen_random_uuid(), 'none',
        now() + interval '100 years')`.execute(tx),
  );
  const change = (set: RawBuilder<unknown>) =>
    as((tx) => sql`update generation_steps set ${set} where id = ${id}`.execute(tx));
  await expect.poll(() => heard.length).toBe(1);
  await change(sql`lease = gen_random_uuid(), leased_until = now(), tries = 3, ticket = '{}'`);
  await change(sql`error_code = 'pod_error', error_message = 'It is away.'`);
  await expect.poll(() => heard.length).toBe(2);
  await as((tx) =>
    sql`select pg_notify('tintype', change_announcement(${tomas.id}, 'generation', 'changed', array[${session}]::uuid[]))`.execute(
      tx,
    ),
  );
  await expect.poll(() => heard.length).toBe(3);
  stop();
  expect(heard.filter((each) => each.includes(id))).toHaveLength(2);
  await ask(tomas, 'DELETE', `/generation/sessions/${session}`);
});

describe('turns', () => {
  test('people take turns: who asks for one thing does not wait for all that another asked for before', async () => {
    const [hers, his] = [await begin(ines), await begin(tomas)];
    const ask4And1 = async () => {
      const many = [];
      for (let n = 0; n < 4; n += 1) many.push(await request(ines, hers, { from_scratch: true }));
      const one = await request(tomas, his);
      const third = await stateOf(ines, many[2]?.id);
      const waiting = await stateOf(ines, many[3]?.id);
      if (waiting.status === 'pending') expect(waiting.queue.steps_ahead).toBeGreaterThan(0);
      for (const { id } of many) await untilEnded(ines, id);
      await untilEnded(tomas, one.id);
      return { many, one, isInTime: third.status === 'pending' };
    };
    let { many, one, isInTime } = await ask4And1();
    // Two were made before all had asked: that tells nothing.
    while (!isInTime) ({ many, one, isInTime } = await ask4And1());
    const began = async (as: Person, id: string) =>
      Date.parse((await ask(as, 'GET', `/generation/steps/${id}`)).body.started_at);
    // Whatever was at work already when he asked: of what came after, his was the first.
    expect(await began(tomas, one.id)).toBeLessThan(await began(ines, many[2]?.id));
  });

  test('one person has ten steps waiting at the most', async () => {
    const person = await app.signUp();
    const session = await begin(person);
    const asked = [];
    for (let n = 0; n < 10; n += 1) {
      asked.push(
        await request(person, session, { parameters: { width: 1024, height: 1024, steps: 30, batch_size: 10 } }),
      );
    }
    const { status, body } = await ask(person, 'POST', `/generation/sessions/${session}/steps`, { prompt: 'one more' });
    expect([status, body.error.code]).toEqual([429, 'rate_limited']);
    expect((await ask(person, 'PATCH', `/generation/sessions/${session}`, { status: 'abandoned' })).status).toBe(200);
    for (const { id } of asked) expect((await untilEnded(person, id)).status).toBeOneOf(['failed', 'completed']);
    expect((await ask(person, 'GET', `/generation/steps/${asked[9]?.id}`)).body.error).toEqual({
      code: 'cancelled',
      message: 'You cancelled this one.',
    });
  });
});

describe('cancelling', () => {
  const slow = { parameters: { width: 1024, height: 1024, steps: 30, batch_size: 3 } };

  test('one picture: the others are made', async () => {
    const session = await begin(ines);
    const step = await request(ines, session, { parameters: { batch_size: 3, width: 512, height: 512, steps: 20 } });
    const [, , third] = await alternativesOf(ines, step.id);
    expect((await ask(ines, 'POST', `/generation/images/${third.image_id}/cancel`)).status).toBe(204);
    const state = await untilEnded(ines, step.id);
    expect(state).toMatchObject({ status: 'completed', retrieval_status: { total: 3, completed: 2, failed: 1 } });
    const [, , after] = await alternativesOf(ines, step.id);
    expect(after).toMatchObject({ cancelled: true, is_settled: true, photo: null, error: { code: 'cancelled' } });
    expect((await ask(ines, 'POST', `/generation/images/${third.image_id}/cancel`)).status).toBe(409);
    expect((await ask(ines, 'POST', `/photos/${third.image_id}/retry`)).body.error.message).toMatch(/was cancelled/);
  });

  test('a whole step, while it is being made: what is there stays', async () => {
    const session = await begin(ines);
    const step = await request(ines, session, slow);
    await expect.poll(async () => (await stateOf(ines, step.id)).progress, patience).toBeGreaterThan(0);
    const { status, body } = await ask(ines, 'POST', `/generation/steps/${step.id}/cancel`);
    expect(status).toBe(200);
    expect(body.status).toBeOneOf(['completed', 'failed']);
    const photos = (await alternativesOf(ines, step.id)).filter(({ photo }: { photo: unknown }) => photo);
    expect(body.status).toBe(photos.length > 0 ? 'completed' : 'failed');
    expect((await ask(ines, 'POST', `/generation/steps/${step.id}/cancel`)).status).toBe(409);
    // The painter is free for the next one.
    await untilEnded(ines, (await request(ines, session, { from_scratch: true })).id);
  });

  test('with the session that is deleted: nobody goes on with it', async () => {
    const person = await app.signUp();
    const session = await begin(person);
    const step = await request(person, session, slow);
    await expect.poll(async () => (await stateOf(person, step.id)).progress, patience).toBeGreaterThan(0);
    expect((await ask(person, 'DELETE', `/generation/sessions/${session}`)).status).toBe(204);
    const again = await begin(person);
    await untilEnded(person, (await request(person, again)).id);
  });
});

test('while a picture is made, it is seen sharpening', patience, async () => {
  const session = await begin(ines);
  const step = await request(ines, session, { parameters: { width: 1024, height: 1024, steps: 30, batch_size: 1 } });
  let preview: string | null = null;
  await expect
    .poll(async () => {
      const [item] = await alternativesOf(ines, step.id);
      preview ??= item.progress?.preview_url ?? null;
      return preview ?? item.photo;
    }, patience)
    .toBeTruthy();
  if (preview) {
    const seen = await app.request(ines, 'GET', preview);
    // It may have become a photo since.
    expect(seen.status).toBeOneOf([200, 404]);
    if (seen.status === 200) expect(seen.headers['content-type']).toMatch(/^image\/(webp|jpeg|png)$/);
    expect((await app.request(tomas, 'GET', preview)).status).toBe(404);
  }
  await untilEnded(ines, step.id);
});

test('with no room left, a picture fails for that reason, and nothing of it is left', async () => {
  const person = await app.signUp();
  expect((await ask(admin, 'PATCH', `/users/${person.id}`, { quota_photos: 1 })).status).toBe(200);
  const session = await begin(person);
  const step = await request(person, session);
  expect(await untilEnded(person, step.id)).toMatchObject({
    status: 'completed',
    retrieval_status: { completed: 1, failed: 1 },
  });
  const [, second] = await alternativesOf(person, step.id);
  expect(second.error.code).toBe('quota_exceeded');
});
