import { sql } from 'kysely';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { asSystem } from '#platform/database/as-system.ts';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createInvokeAiSimulator, invokeAiDocument } from '../../../test/simulators/invokeai.ts';
import { slowness } from '../../../test/slowness.ts';

const patience = { timeout: 90_000 * slowness };
const long = { timeout: 180_000 * slowness };
/** So slow that nothing is made before it is cancelled, in milliseconds. */
const endless = 3_600_000;

if (invokeAiDocument) await describeCancelled();
else test.skip('what is cancelled at an InvokeAI: shared/data is not beside the checkout', () => {});

/** Whatever is called off, and whenever: nothing of it is made for nobody, and nothing of it stays where it was made. */
async function describeCancelled(): Promise<void> {
  const simulator = await createInvokeAiSimulator({ paceMs: 50 });
  const { faults } = simulator;
  const app = await createTestApp({
    environment: { INVOKEAI_LOCAL_URL: simulator.url, TINTYPE_PAINTER: 'off', INVOKEAI_READ_TIMEOUT: '60' },
  });
  await app.signUp();
  let person: Person;
  let session: string;
  let model: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
  const ask = async (method: string, path: string, json?: unknown): Promise<any> => {
    const answer = await app.request(person, method, `/api/v1${path}`, json === undefined ? {} : { json });
    if (answer.status >= 400) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
    return answer.text ? answer.json() : null;
  };
  /** The step that is being asked for: the backend may hear of it before whoever asks is answered. */
  let asking = Promise.resolve({ id: '' });
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
  const make = (more: { batch_size?: number } = {}): Promise<any> => {
    const parameters = { model_key: model, batch_size: 1, width: 1024, height: 1024, ...more };
    asking = ask('POST', `/generation/sessions/${session}/steps`, { prompt: 'a lake', parameters });
    return asking;
  };
  const stepOf = (id: string) => ask('GET', `/generation/steps/${id}`);
  const picturesOf = async (id: string) => (await ask('GET', `/generation/steps/${id}/alternatives`)).items;
  /** Calls `then` before the first such request is answered, and answers it when that is done. */
  function during(method: string, part: string, then: (step: string) => Promise<unknown>): Promise<void> {
    const done = Promise.withResolvers<void>();
    let isFirst = true;
    faults.spoil = async (request) => {
      if (!isFirst || request.method !== method || !request.path.includes(part)) return null;
      isFirst = false;
      await asking.then(({ id }) => then(id)).then(() => done.resolve(), done.reject);
      return null;
    };
    return done.promise;
  }
  const away = () => {
    faults.spoil = () => ({ status: 502 });
  };
  const back = () => {
    faults.spoil = () => null;
  };
  const untilEnded = (step: string) =>
    expect.poll(async () => (await stepOf(step)).status, patience).toBeOneOf(['completed', 'failed']);
  async function expectNothingLeft(): Promise<void> {
    const running = () => simulator.items.filter(({ status }) => ['pending', 'in_progress'].includes(status)).length;
    await expect.poll(() => [simulator.images.size, running()], patience).toEqual([0, 0]);
    expect(simulator.problems).toEqual([]);
  }

  beforeEach(async () => {
    back();
    faults.paceMs = 50;
    simulator.items.length = 0;
    person = await app.signUp();
    await ask('POST', '/models/refresh');
    model = (await ask('GET', '/models')).items.find(({ base }: { base: string }) => base === 'sdxl').key;
    session = (await ask('POST', '/generation/sessions', { entry_type: 'scratch' })).id;
  });

  test('while its picture is fetched, and comes all the same: it is not kept', long, async () => {
    const cancelled = during('GET', '/full', (id) => ask('POST', `/generation/steps/${id}/cancel`));
    const { id: step } = await make();
    await cancelled;
    await expectNothingLeft();
    expect(await stepOf(step)).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    expect(await picturesOf(step)).toMatchObject([{ cancelled: true, photo: null }]);
    expect((await ask('GET', '/photos')).total).toBe(0);
  });

  test('while its batch is handed in, which is taken all the same', long, async () => {
    faults.paceMs = endless;
    const cancelled = during('POST', '/enqueue_batch', async (id) => {
      await ask('POST', `/generation/steps/${id}/cancel`);
      // It is told at once, and of a batch that it does not have yet.
      const told = () => simulator.requests.filter((request) => request.includes('/cancel_by_batch_ids')).length;
      await expect.poll(told, patience).toBeGreaterThan(0);
    });
    simulator.requests.length = 0;
    const { id: step } = await make({ batch_size: 3 });
    await cancelled;
    await expect.poll(() => simulator.items.length, patience).toBe(3);
    await expectNothingLeft();
    expect(await stepOf(step)).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    // Not all of them were made for nobody.
    expect(simulator.items.map(({ status }) => status)).toContain('canceled');
  });

  test('one picture while the batch is handed in: the other comes', long, async () => {
    const cancelled = during('POST', '/enqueue_batch', async (id) => {
      const [, second] = await picturesOf(id);
      await ask('POST', `/generation/images/${second.image_id}/cancel`);
    });
    faults.paceMs = endless;
    const { id: step } = await make({ batch_size: 2 });
    await cancelled;
    await expect.poll(() => simulator.items.map(({ status }) => status), patience).toContain('canceled');
    faults.paceMs = 50;
    await untilEnded(step);
    expect(await picturesOf(step)).toMatchObject([{ retrieval_status: 'completed' }, { cancelled: true, photo: null }]);
    await expectNothingLeft();
    expect(simulator.items.map(({ status }) => status).sort()).toEqual(['canceled', 'completed']);
  });

  test('while the backend is away: it is told when it is back', long, async () => {
    faults.paceMs = endless;
    const photo = await app.upload(person, await tinyPhoto(7, { width: 640, height: 480 }));
    session = (await ask('POST', '/generation/sessions', { entry_type: 'refinement', source_image_id: photo.id })).id;
    const step = await make({ batch_size: 2 });
    await expect.poll(() => simulator.items.length, patience).toBe(2);
    // Until it is let go of for now, with what was said of it.
    away();
    await expect.poll(async () => (await stepOf(step.id)).error?.code, patience).toBe('invokeai_connection_error');
    await ask('POST', `/generation/steps/${step.id}/cancel`);
    faults.paceMs = 50;
    await expect.poll(() => simulator.items.every(({ status }) => status === 'completed'), patience).toBe(true);
    expect(simulator.images.size).toBeGreaterThan(2);
    back();
    await expectNothingLeft();
  });

  test('nothing: of what starts from a photo, neither that nor a picture stays', long, async () => {
    const photo = await app.upload(person, await tinyPhoto(8, { width: 640, height: 480 }));
    session = (await ask('POST', '/generation/sessions', { entry_type: 'refinement', source_image_id: photo.id })).id;
    // What takes it away at once is not heard; it goes all the same.
    faults.spoil = ({ method }) => (method === 'DELETE' ? { status: 500 } : null);
    const step = await make({ batch_size: 2 });
    await untilEnded(step.id);
    expect((await stepOf(step.id)).status).toBe('completed');
    expect(simulator.images.size).toBeGreaterThan(2);
    back();
    await expectNothingLeft();
  });

  test('by an account that is deleted while its pictures are made', long, async () => {
    faults.paceMs = endless;
    await make({ batch_size: 2 });
    await expect.poll(() => simulator.items.map(({ status }) => status), patience).toContain('in_progress');
    await ask('DELETE', '/me', { password: person.password, confirm: person.username });
    await expectNothingLeft();
    expect(simulator.items.map(({ status }) => status)).toContain('canceled');
  });

  test('by a session that is deleted while a picture of it cannot be fetched', long, async () => {
    faults.spoil = ({ path }) => (path.includes('/images/i/') ? { status: 500 } : null);
    const step = await make();
    await expect
      .poll(async () => (await picturesOf(step.id))[0].error?.code, patience)
      .toBe('invokeai_retrieval_error');
    await ask('DELETE', `/generation/sessions/${session}`);
    // Deleting fails for a while, too.
    const before = simulator.requests.length;
    await expect.poll(() => simulator.requests.slice(before).join(), patience).toContain('DELETE /api/v1/images/i/');
    expect(simulator.images.size).toBe(1);
    back();
    await expectNothingLeft();
  });

  test('nothing is left to do in the end', long, async () => {
    onTestFinished(() => simulator.close());
    const count = (table: 'generation_leftovers' | 'alternative_progress') =>
      asSystem(app.database.database, async (tx) => {
        const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(tx);
        return rows[0]?.n;
      });
    await expect.poll(() => count('generation_leftovers'), patience).toBe(0);
    expect(await count('alternative_progress')).toBe(0);
  });
}
