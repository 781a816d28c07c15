import { sql } from 'kysely';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { asSystem } from '#platform/database/as-system.ts';
import { createTestApp, type Person } from '../../../test/app.ts';
import { createInvokeAiSimulator, invokeAiDocument } from '../../../test/simulators/invokeai.ts';
import { slowness } from '../../../test/slowness.ts';

const patience = { timeout: 60_000 * slowness };
const term = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';

if (invokeAiDocument) await describeMade();
else test.skip('pictures of an InvokeAI: shared/data is not beside the checkout', () => {});

async function describeMade(): Promise<void> {
  const simulator = await createInvokeAiSimulator();
  const app = await createTestApp({
    environment: {
      INVOKEAI_LOCAL_URL: simulator.url,
      TINTYPE_PAINTER: 'off',
      RETRIEVAL_MAX_ATTEMPTS: '2',
      INVOKEAI_READ_TIMEOUT: '2',
    },
  });
  let person: Person;
  let session: string;
  let model: { key: string; capabilities: { negative_prompt: boolean } };
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
  const ask = async (method: string, path: string, json?: unknown): Promise<any> => {
    const answer = await app.request(person, method, `/api/v1${path}`, json === undefined ? {} : { json });
    return answer.text ? answer.json() : null;
  };
  const make = async (prompt = 'a lake') => {
    const parameters = { model_key: model.key, batch_size: 1, width: 1024, height: 1024 };
    return ask('POST', `/generation/sessions/${session}/steps`, { prompt, parameters });
  };
  const alternativeOf = async (step: string) => (await ask('GET', `/generation/steps/${step}/alternatives`)).items[0];
  const untilEnded = (step: string) =>
    expect
      .poll(async () => (await ask('GET', `/generation/steps/${step}/status`)).status, patience)
      .toBeOneOf(['completed', 'failed']);

  beforeAll(async () => {
    person = await app.signUp();
    await ask('POST', '/models/refresh');
    const { items } = await ask('GET', '/models');
    model = items.find(({ base }: { base: string }) => base === 'sdxl');
    session = (await ask('POST', '/generation/sessions', { entry_type: 'scratch' })).id;
  });

  describe('a picture of an InvokeAI', () => {
    let photo: { id: string; full_url: string; filename: string };
    let stored: Buffer;

    test('is kept as it came, and is gone over there', async () => {
      const step = await make();
      await untilEnded(step.id);
      photo = (await alternativeOf(step.id)).photo;
      expect(photo.filename).toMatch(/^a lake \d+\.png$/);
      stored = (await app.request(person, 'GET', photo.full_url)).body;
      expect((await sharp(stored).metadata()).xmp).toBe(undefined);
      await expect.poll(() => simulator.images.size, patience).toBe(0);
      expect(await ask('GET', `/photos/${photo.id}/metadata`)).toMatchObject({
        digital_source_type: term,
        generation_prompt: 'a lake',
        generation_params: { backend: 'invokeai', model_key: model.key },
      });
    });

    test('says how it came to be once it is taken out, and is the same picture', async () => {
      const address = `/api/v1/photos/${photo.id}/original?download=1`;
      const taken = await app.request(person, 'GET', address);
      expect([taken.status, taken.headers['content-disposition']]).toEqual([200, expect.stringContaining('a lake')]);
      expect(taken.headers['content-length']).toBe(String(taken.body.length));
      expect((await sharp(taken.body).metadata()).xmpAsString).toContain(term);
      const [before, after] = [await sharp(stored).raw().toBuffer(), await sharp(taken.body).raw().toBuffer()];
      expect(after.equals(before)).toBe(true);

      const part = await app.request(person, 'GET', address, { headers: { range: 'bytes=20-400' } });
      expect([part.status, part.body.equals(taken.body.subarray(20, 401))]).toEqual([206, true]);
      const head = await app.request(person, 'HEAD', address);
      expect([head.status, head.headers['content-length']]).toEqual([200, taken.headers['content-length']]);
      const known = { 'if-none-match': String(taken.headers.etag) };
      expect((await app.request(person, 'GET', address, { headers: known })).status).toBe(304);
      // What is stored has another tag: neither is taken for the other.
      expect((await app.request(person, 'GET', photo.full_url, { headers: known })).status).toBe(200);
    });

    test('in a zip as well', async () => {
      const { url } = await ask('POST', '/downloads', { ids: [photo.id] });
      const zip = (await app.request(person, 'GET', url)).body;
      expect(zip.includes(term)).toBe(true);
      expect(zip.includes(stored.subarray(-200))).toBe(true);
    });
  });

  test('what comes is looked at as an upload is, tried again, and given up with a sentence', patience, async () => {
    for (const [fault, sentence] of [
      ['not an image', /is no picture/],
      ['truncated', /ends in the middle|damaged, or was cut off/],
    ] as const) {
      simulator.faults.image = fault;
      const step = await make();
      await expect.poll(async () => (await alternativeOf(step.id)).retrieval_status, patience).toBe('failed');
      const failed = await alternativeOf(step.id);
      expect(failed).toMatchObject({ is_settled: false, attempts: 1, photo: null });
      expect(failed.error).toEqual({ code: 'invokeai_retrieval_error', message: expect.stringMatching(sentence) });
      // A person need not wait for the minute to be over, and loses nothing by it.
      simulator.faults.image = 'whole';
      expect(await ask('POST', `/photos/${failed.image_id}/retry`)).toMatchObject({ retrieval_status: 'pending' });
      await untilEnded(step.id);
      expect(await alternativeOf(step.id)).toMatchObject({ retrieval_status: 'completed', error: null });
    }
    expect(simulator.problems).toEqual([]);
  });

  test('cancelled while it is fetched, it stays cancelled when that fails, and is deleted over there', {
    timeout: 120_000 * slowness,
  }, async () => {
    const asked = Promise.withResolvers<void>();
    simulator.faults.spoil = ({ method, path }) => {
      if (method !== 'GET' || !path.includes('/full')) return null;
      asked.resolve();
      return 'silence';
    };
    const step = await make();
    await asked.promise;
    const { image_id: image } = await alternativeOf(step.id);
    await ask('POST', `/generation/images/${image}/cancel`);
    simulator.faults.spoil = () => null;
    await expect.poll(() => simulator.images.size, patience).toBe(0);
    expect(await alternativeOf(step.id)).toMatchObject({ cancelled: true, is_settled: true, photo: null });
    expect(await ask('GET', `/generation/steps/${step.id}`)).toMatchObject({
      status: 'failed',
      error: { code: 'cancelled' },
    });
  });

  test('one that only asks for time is waited for, and not for ever', { timeout: 120_000 * slowness }, async () => {
    simulator.faults.spoil = ({ path }) =>
      path.includes('/full') ? { status: 503, headers: { 'retry-after': '0' } } : null;
    const step = await make();
    await expect
      .poll(async () => (await alternativeOf(step.id)).error?.code, patience)
      .toBe('invokeai_retrieval_error');
    // It was no try, and there was a pause.
    expect(await alternativeOf(step.id)).toMatchObject({ attempts: 0, is_settled: false });
    await asSystem(app.database.database, (tx) =>
      sql`update step_alternatives set tried_since = now() - interval '25 hours' where step_id = ${step.id}`.execute(
        tx,
      ),
    );
    await untilEnded(step.id);
    expect(await alternativeOf(step.id)).toMatchObject({ is_settled: true, retrieval_status: 'failed' });
    simulator.faults.spoil = () => null;
    await ask('POST', `/generation/steps/${step.id}/retry-retrievals`);
    await untilEnded(step.id);
    expect(await ask('GET', `/generation/steps/${step.id}`)).toMatchObject({ status: 'completed' });
  });

  test('a model without negative prompts is asked for none', async () => {
    const { items } = await ask('GET', '/models');
    const flux = items.find(({ base }: { base: string }) => base === 'flux');
    expect([flux.capabilities.negative_prompt, model.capabilities.negative_prompt]).toEqual([false, true]);
    const refused = await ask('POST', `/generation/sessions/${session}/steps`, {
      prompt: 'a lake',
      negative_prompt: 'people',
      parameters: { model_key: flux.key },
    });
    expect(refused.error).toMatchObject({ code: 'validation_error', details: { field: 'negative_prompt' } });
  });

  test('a backend that is away is told of, and the picture is made when it is back', {
    timeout: 120_000 * slowness,
  }, async () => {
    simulator.faults.spoil = () => ({ status: 502 });
    const step = await make('when it is back');
    await expect
      .poll(async () => (await ask('GET', `/generation/steps/${step.id}`)).error?.code, patience)
      .toBe('invokeai_connection_error');
    expect((await ask('GET', `/generation/steps/${step.id}`)).status).toBe('pending');
    const status = await ask('GET', '/backend/status');
    expect(status.backends[0]).toMatchObject({ name: 'invokeai', connected: false, message: expect.any(String) });
    simulator.faults.spoil = () => null;
    await untilEnded(step.id);
    expect(await ask('GET', `/generation/steps/${step.id}`)).toMatchObject({ status: 'completed', error: null });
  });
}
