import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

export type StepRow = Selectable<GenerationTables['generation_steps']>;
export type AlternativeRow = Selectable<GenerationTables['step_alternatives']>;

export const findStep = (tx: Tx, id: string): Promise<StepRow | undefined> =>
  tx.selectFrom('generation_steps').selectAll().where('id', '=', id).executeTakeFirst();

export const listSteps = (tx: Tx, sessionId: string): Promise<StepRow[]> =>
  tx.selectFrom('generation_steps').selectAll().where('session_id', '=', sessionId).orderBy('position').execute();

/** The session is locked by the caller, so that no two steps get the same place. */
export async function insertStep(
  tx: Tx,
  step: Omit<Insertable<GenerationTables['generation_steps']>, 'position'>,
): Promise<StepRow> {
  const { next } = await tx
    .selectFrom('generation_steps')
    .select(sql<number>`coalesce(max(position), 0) + 1`.as('next'))
    .where('session_id', '=', step.session_id)
    .executeTakeFirstOrThrow();
  return tx
    .insertInto('generation_steps')
    .values({ ...step, position: next })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export const insertAlternatives = (
  tx: Tx,
  rows: readonly Pick<
    Insertable<GenerationTables['step_alternatives']>,
    'id' | 'owner_id' | 'step_id' | 'n' | 'seed'
  >[],
) =>
  tx
    .insertInto('step_alternatives')
    .values([...rows])
    .execute();

/** How many steps of a person are not at their end. */
export async function countOpenSteps(tx: Tx, ownerId: string): Promise<number> {
  const { n } = await tx
    .selectFrom('generation_steps')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('owner_id', '=', ownerId)
    .where('status', 'in', ['pending', 'processing'])
    .executeTakeFirstOrThrow();
  return n;
}

/** How many steps each backend has before it, whoever asked for them: numbers alone. */
export async function countWaiting(tx: Tx): Promise<Map<string, number>> {
  const { rows } = await sql<{ backend: string; n: number }>`select backend, n from steps_waiting()`.execute(tx);
  return new Map(rows.map(({ backend, n }) => [backend, n]));
}

/** How many steps a session has. */
/** The step of a session that was asked for under this name. */
export const findByCorrelation = (tx: Tx, sessionId: string, correlationId: string): Promise<StepRow | undefined> =>
  tx
    .selectFrom('generation_steps')
    .selectAll()
    .where('session_id', '=', sessionId)
    .where('correlation_id', '=', correlationId)
    .orderBy('position')
    .limit(1)
    .executeTakeFirst();

export async function countSteps(tx: Tx, sessionId: string): Promise<number> {
  const { n } = await tx
    .selectFrom('generation_steps')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('session_id', '=', sessionId)
    .executeTakeFirstOrThrow();
  return n;
}

/**
 * Whatever changes pictures of a step and then looks at all of them does so one after the other, and takes the step first, so that nobody
 * ends a step of which another has just begun to fetch a picture anew.
 */
export const lockSteps = (tx: Tx, ids: readonly string[]) =>
  sql`select id from generation_steps where id = any(${ids}) order by id for no key update`.execute(tx);

/** Those who ask for steps of one person at once are counted one after the other. */
export const lockAsker = (tx: Tx, ownerId: string) =>
  sql`select pg_advisory_xact_lock(hashtextextended(${`studio of ${ownerId}`}, 12))`.execute(tx);

export const listAlternatives = (tx: Tx, stepId: string): Promise<AlternativeRow[]> =>
  tx.selectFrom('step_alternatives').selectAll().where('step_id', '=', stepId).orderBy('n').execute();

export type MadeImageRow = Pick<
  StepRow,
  'batch_id' | 'correlation_id' | 'prompt' | 'negative_prompt' | 'parameters' | 'model_hash' | 'model_name'
> & { id: string; seed: string };

/** A person's pictures that were made here and are in the gallery, newest first. */
export async function listMadeImages(
  tx: Tx,
  ownerId: string,
  filter: { batchId?: string | undefined; correlationId?: string | undefined; since?: Date | undefined },
  limit: number,
): Promise<{ items: MadeImageRow[]; total: number }> {
  const { batchId = null, correlationId = null, since = null } = filter;
  const found = sql`from step_alternatives a join generation_steps g on g.id = a.step_id
    join photos p on p.id = a.id and p.deleted_at is null
    where a.owner_id = ${ownerId}
      and (${batchId}::text is null or g.batch_id::text = ${batchId})
      and (${correlationId}::text is null or g.correlation_id = ${correlationId})
      and (${since}::timestamptz is null or p.created_at >= ${since})`;
  const { rows } = await sql<MadeImageRow>`
    select a.id, a.seed, g.batch_id, g.correlation_id, g.prompt, g.negative_prompt, g.parameters, g.model_hash, g.model_name
    ${found} order by p.created_at desc, a.id desc limit ${limit}`.execute(tx);
  const { rows: counted } = await sql<{ n: number }>`select count(*)::int as n ${found}`.execute(tx);
  return { items: rows, total: counted[0]?.n ?? 0 };
}

export const findAlternative = (tx: Tx, id: string): Promise<AlternativeRow | undefined> =>
  tx.selectFrom('step_alternatives').selectAll().where('id', '=', id).executeTakeFirst();

/** Those of some ids that are pictures of a person's steps, by step, in the order in which steps are locked. */
export async function groupBySteps(tx: Tx, ownerId: string, ids: readonly string[]): Promise<[string, string[]][]> {
  const { rows } = await sql<{ step_id: string; images: string[] }>`
    select step_id, array_agg(id) as images from step_alternatives
    where owner_id = ${ownerId} and id = any(${ids}) group by step_id order by step_id`.execute(tx);
  return rows.map(({ step_id: step, images }) => [step, images]);
}

export interface ProgressRow {
  alternative_id: string;
  done: number;
  step: number | null;
  of: number | null;
  has_preview: boolean;
  changed_at: Date;
}

export const listProgress = (tx: Tx, stepId: string): Promise<ProgressRow[]> =>
  tx
    .selectFrom('alternative_progress as p')
    .innerJoin('step_alternatives as a', 'a.id', 'p.alternative_id')
    .select(['p.alternative_id', 'p.done', 'p.step', 'p.of', 'p.changed_at'])
    .select(sql<boolean>`p.preview is not null`.as('has_preview'))
    .where('a.step_id', '=', stepId)
    .execute();

export const findPreview = (tx: Tx, id: string) =>
  tx.selectFrom('alternative_progress').select(['preview']).where('alternative_id', '=', id).executeTakeFirst();

export const selectImage = (tx: Tx, stepId: string, imageId: string) =>
  tx
    .updateTable('generation_steps')
    .set({ selected_image_id: imageId })
    .where('id', '=', stepId)
    .returning(['id', 'status'])
    .executeTakeFirst();

/** What is made before a step that waits, and how long a picture takes: of other people's no more than a number. */
export async function readQueue(
  tx: Tx,
  step: Pick<StepRow, 'id' | 'backend' | 'model_key'>,
): Promise<{ steps: number; pictures: number; secondsPerPicture: number | null }> {
  const { rows } = await sql<{ steps: number | null; pictures: number | null; seconds: number | null }>`
    select a.steps, a.pictures, seconds_per_picture(${step.backend}, ${step.model_key}) as seconds
    from (select 1) one left join steps_ahead(${step.id}) a on true`.execute(tx);
  const [{ steps = 0, pictures = 0, seconds = null } = {}] = rows;
  return { steps: steps ?? 0, pictures: pictures ?? 0, secondsPerPicture: seconds };
}

const cancelled = sql`
  cancelled_at = coalesce(cancelled_at, now()), settled_at = now(), due_at = case when image is not null then now() end,
  retrieval_status = 'failed', error_code = 'cancelled', error_message = 'You cancelled this one.'`;

/**
 * Says that pictures are not wanted any more, as far as they are not settled. What is under way is told of it; what waits is settled here.
 * @returns how many
 */
export async function cancelAlternatives(tx: Tx, stepId: string, only: readonly string[] | null): Promise<number> {
  await lockSteps(tx, [stepId]);
  const { rows } = await sql<{ id: string }>`
    update step_alternatives set ${cancelled}
    where step_id = ${stepId} and settled_at is null and (${only}::uuid[] is null or id = any(${only}::uuid[]))
    returning id`.execute(tx);
  return rows.length;
}

/** As {@link cancelAlternatives}, of all steps of a session, which end by it. The session is locked by the caller. */
export async function cancelSession(tx: Tx, sessionId: string): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select id from generation_steps where session_id = ${sessionId} and status in ('pending', 'processing')
    order by id for no key update`.execute(tx);
  const ids = rows.map(({ id }) => id);
  await sql`update step_alternatives set ${cancelled} where step_id = any(${ids}) and settled_at is null`.execute(tx);
  await settleSteps(tx, ids);
}

/**
 * Gives pictures that were made and could not be fetched another round of tries.
 * @returns their ids
 */
export async function retryAlternatives(tx: Tx, stepId: string, only: readonly string[] | null): Promise<string[]> {
  await lockSteps(tx, [stepId]);
  const { rows } = await sql<{ id: string }>`
    update step_alternatives set retrieval_status = 'pending', attempts = 0, due_at = now(), settled_at = null,
      tried_since = null, error_code = null, error_message = null
    where step_id = ${stepId} and retrieval_status = 'failed' and image is not null and cancelled_at is null
      and (leased_until is null or leased_until < now()) and (${only}::uuid[] is null or id = any(${only}::uuid[]))
    returning id`.execute(tx);
  if (rows.length > 0) {
    // When it had ended first stays: how long pictures take is told by that.
    await sql`
      update generation_steps set status = 'processing', error_code = null, error_message = null
      where id = ${stepId} and status in ('completed', 'failed')`.execute(tx);
  }
  return rows.map(({ id }) => id);
}

/**
 * Ends a step of which nothing more is to come: completed with one picture at least, else failed for the reason of the first.
 * @returns whether it ended now
 */
export const settleStep = async (tx: Tx, stepId: string): Promise<boolean> => (await settleSteps(tx, [stepId])) > 0;

async function settleSteps(tx: Tx, ids: readonly string[]): Promise<number> {
  await lockSteps(tx, ids);
  const { rows } = await sql`
    update generation_steps s set finished_at = coalesce(s.finished_at, now()), lease = null, leased_until = null,
      status = case when state.completed > 0 then 'completed' else 'failed' end,
      error_code = case when state.completed = 0 then state.code end,
      error_message = case when state.completed = 0 then state.message end
    from (
      select step_id, count(*) filter (where settled_at is null) as open,
        count(*) filter (where retrieval_status = 'completed') as completed,
        (array_agg(error_code order by error_code = 'cancelled', n) filter (where error_code is not null))[1] as code,
        (array_agg(error_message order by error_code = 'cancelled', n) filter (where error_code is not null))[1] as message
      from step_alternatives where step_id = any(${ids}) group by step_id) state
    where s.id = state.step_id and s.status in ('pending', 'processing') and state.open = 0
    returning s.id`.execute(tx);
  return rows.length;
}
