import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { asSystem } from '#platform/database/as-system.ts';
import type { Principal } from '#platform/database/principal.ts';
import { createTestDatabase } from '../../../test/database.ts';
import * as models from './model-store.ts';
import * as pods from './pod-store.ts';
import * as steps from './step-store.ts';
import type { GenerationTables } from './tables.ts';
import * as work from './work-store.ts';

type Tx = Kysely<GenerationTables>;

const { database } = await createTestDatabase();
const owner = uuidv7();
const principal: Principal = { kind: 'user', id: owner };
const as = <Result>(run: (tx: Tx) => Promise<Result>) => database.as(principal, run);
let session: string;

await asSystem(database, (tx) =>
  sql`select register_user(${owner}, 'maker', 'maker@people.example', 'a hash', true, true, null)`.execute(tx),
);

/** A step of two pictures that were made, the second of which cannot be fetched. */
async function insertStep(lease: string, createdAt = new Date(), backend = 'invokeai') {
  const id = uuidv7();
  const [first, second] = [uuidv7(), uuidv7()];
  await as(async (tx) => {
    await steps.insertStep(tx, {
      ...{ id, owner_id: owner, session_id: session, prompt: 'a lake', parameters: '{}', backend },
      ...{ model_key: 'key', model_hash: 'hash', model_name: 'none', model_base: 'none', correlation_id: 'none' },
      ...{ batch_id: crypto.randomUUID(), status: 'processing', lease, started_at: new Date(), created_at: createdAt },
    });
    await steps.insertAlternatives(
      tx,
      [first, second].map((picture, n) => ({ id: picture, owner_id: owner, step_id: id, n, seed: n })),
    );
    for (const picture of [first, second]) await work.sayMade(tx, picture, `${picture}.png`, undefined);
  });
  return { id, first, second };
}
const stepOf = async (id: string) => (await as((tx) => steps.findStep(tx, id))) as steps.StepRow;
const why = { code: 'invokeai_retrieval_error', message: 'It did not come.' };

beforeEach(async () => {
  session = uuidv7();
  await as((tx) =>
    sql`insert into generation_sessions (id, owner_id, entry_type) values (${session}, ${owner}, 'scratch')`.execute(
      tx,
    ),
  );
});

describe('a step that ends while something of it is tried once more', () => {
  test.each([['ends first'], ['is tried first']])(
    '%s: it does not stay failed with a picture to come',
    async (order) => {
      const { id, first, second } = await insertStep(uuidv7());
      await as((tx) => work.sayFailed(tx, first, why));
      const isHeld = Promise.withResolvers<void>();
      const mayGo = Promise.withResolvers<void>();
      const end = (held: boolean) =>
        as(async (tx) => {
          await steps.lockSteps(tx, [id]);
          await work.sayFailed(tx, second, why);
          await steps.settleStep(tx, id);
          isHeld.resolve();
          if (held) await mayGo.promise;
        });
      const again = (held: boolean) =>
        as(async (tx) => {
          const retried = await steps.retryAlternatives(tx, id, [first]);
          isHeld.resolve();
          if (held) await mayGo.promise;
          return retried;
        });
      const [one, other] = order === 'ends first' ? [end, again] : [again, end];
      const begun = one(true);
      await isHeld.promise;
      const waiting = other(false);
      mayGo.resolve();
      await Promise.all([begun, waiting]);
      expect((await stepOf(id)).status).toBe('processing');
      await as(async (tx) => {
        expect(await work.sayKept(tx, { id: first, stepId: id }, { forgetting: true })).toBe(true);
        expect(await steps.settleStep(tx, id)).toBe(true);
      });
      expect(await stepOf(id)).toMatchObject({ status: 'completed', error_code: null });
    },
  );
});

test('whoever lost a step says nothing of it any more', async () => {
  const lease = uuidv7();
  const { id, first } = await insertStep(lease);
  await as((tx) => steps.cancelAlternatives(tx, id, null));
  await as((tx) => steps.settleStep(tx, id));
  expect(await as((tx) => work.keepTicket(tx, { id, lease }, { late: true }))).toBe(false);
  expect(await stepOf(id)).toMatchObject({ status: 'failed', error_code: 'cancelled', ticket: null });
  expect(await as((tx) => work.sayKept(tx, { id: first, stepId: id }, { forgetting: true }))).toBe(false);

  const other = await insertStep(uuidv7());
  expect(await as((tx) => work.keepTicket(tx, { id: other.id, lease }, { late: true }))).toBe(false);
});

test('how long pictures take is not told by those that were fetched anew days later', async () => {
  const { id, first, second } = await insertStep(uuidv7());
  await as(async (tx) => {
    await work.sayKept(tx, { id: first, stepId: id }, { forgetting: true });
    await work.sayFailed(tx, second, why);
    await steps.settleStep(tx, id);
  });
  const { finished_at: ended } = await stepOf(id);
  await as((tx) => steps.retryAlternatives(tx, id, null));
  await as(async (tx) => {
    await work.sayKept(tx, { id: second, stepId: id }, { forgetting: true });
    await steps.settleStep(tx, id);
  });
  expect(await stepOf(id)).toMatchObject({ status: 'completed', finished_at: ended });
});

test('a session that is called off ends all its steps, and nothing else', async () => {
  const [one, two] = [await insertStep(uuidv7()), await insertStep(uuidv7())];
  await as((tx) => steps.cancelSession(tx, session));
  for (const { id } of [one, two])
    expect(await stepOf(id)).toMatchObject({ status: 'failed', error_code: 'cancelled' });
});

describe('models of several backends', () => {
  const model = (name: string) => ({
    ...{ key: 'sdxl', hash: name, name, type: 'main', base: 'sdxl', description: null, compatibleVae: [] },
    defaults: { width: 512, height: 512, steps: 1, cfg_scale: 1, scheduler: 'euler' },
    limits: {
      ...{ multipleOf: 8, minSide: 256, maxSide: 512, maxPixels: 512 * 512, minSteps: 1, maxSteps: 1 },
      ...{ minCfgScale: 1, maxCfgScale: 1, schedulers: [] },
    },
  });
  const offered = ['openai', 'automatic1111'];

  test('that have the same key are all there, each by an address of its own', async () => {
    await asSystem(database, async (tx: Tx) => {
      await models.replaceModels(tx, 'automatic1111', [model('at hand')]);
      await models.replaceModels(tx, 'openai', [model('far')]);
    });
    await as((tx) => models.markFavorite(tx, owner, 'automatic1111:sdxl', true));
    const listed = await as((tx) => models.listModels(tx, owner, offered));
    expect(listed.map(({ address, name, is_favorite: favorite }) => [address, name, favorite])).toEqual([
      ['automatic1111:sdxl', 'at hand', true],
      ['sdxl', 'far', false],
    ]);
    const find = (address: string, among: string[]) => as((tx) => models.findModel(tx, owner, address, among));
    expect(await find('automatic1111:sdxl', offered)).toMatchObject({ backend: 'automatic1111', key: 'sdxl' });
    expect(await find('sdxl', offered)).toMatchObject({ backend: 'openai' });
    // Where the other is not offered it has nothing to be told apart from.
    expect(await find('sdxl', ['automatic1111'])).toMatchObject({ backend: 'automatic1111' });
  });

  test('are gone when no server has had their backend for a while, not when one server has it not', async () => {
    const { id } = await insertStep(uuidv7(), new Date(Date.now() - 3_600_000));
    const sweep = (own: string[]) =>
      asSystem(database, async (tx: Tx) => {
        const known = [...own, ...(await models.listSeenBackends(tx))];
        await models.forgetOtherBackends(tx, known);
        return work.listLostSteps(tx, known);
      });
    await asSystem(database, async (tx: Tx) => {
      await models.sayBackendsSeen(tx, ['invokeai']);
    });
    expect(await sweep(['openai'])).toEqual([]);
    expect(await as((tx) => models.listModels(tx, owner, offered))).toHaveLength(2);
    await asSystem(database, (tx: Tx) =>
      sql`update model_lists set seen_at = now() - interval '1 hour' where backend <> 'openai'`.execute(tx),
    );
    expect(await sweep(['openai'])).toEqual([id]);
    expect((await as((tx) => models.listModels(tx, owner, offered))).map(({ backend }) => backend)).toEqual(['openai']);
  });
});

test('a rented machine is kept for pictures that are awaited: also for those that did not come, for a week', async () => {
  const { id, first, second } = await insertStep(uuidv7(), new Date(), 'runpod');
  const change = (what: ReturnType<typeof sql>, picture: string) =>
    as((tx) => sql`update step_alternatives set ${what} where id = ${picture}`.execute(tx));
  const count = () => asSystem(database, (tx: Tx) => pods.countUnfetched(tx, 'pod1'));
  for (const picture of [first, second]) await change(sql`image = 'pod1/' || image`, picture);
  expect(await count()).toBe(2);
  await as((tx) => work.sayFailed(tx, first, why));
  expect(await count()).toBe(2);
  await change(sql`settled_at = now() - interval '8 days'`, first);
  expect(await count()).toBe(1);
  await as((tx) => work.sayKept(tx, { id: second, stepId: id }, { forgetting: true }));
  expect(await count()).toBe(0);
});
