import { type Kysely, sql } from 'kysely';
import type { Ticket } from './backends/backend.ts';
import { type AlternativeRow, lockSteps, type StepRow } from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

/** Until when whoever works on something has it, unless they say so again. */
const inMs = (ms: number) => sql`now() + make_interval(secs => ${ms / 1000})`;

/**
 * Takes the step whose turn it is, if the backend has a lane free: people take turns, each with their oldest, and what was begun and left by a
 * server that died comes first.
 * @param tx of the system, which sees everybody's
 */
export async function claimStep(
  tx: Tx,
  { backend, lanes, lease, leaseMs }: { backend: string; lanes: number; lease: string; leaseMs: number },
): Promise<StepRow | undefined> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`lanes of ${backend}`}, 12))`.execute(tx);
  const { rows } = await sql<StepRow>`
    update generation_steps set lease = ${lease}, leased_until = ${inMs(leaseMs)}, status = 'processing',
      started_at = coalesce(started_at, now())
    where id = (
      select s.id from generation_steps s
      where s.backend = ${backend} and s.status in ('pending', 'processing') and s.due_at <= now()
        and (s.leased_until is null or s.leased_until < now())
        and (exists (select from step_alternatives a where a.step_id = s.id and a.settled_at is null and a.image is null)
          or not exists (select from step_alternatives a where a.step_id = s.id and a.settled_at is null))
        and (select count(*) from generation_steps l
             where l.backend = ${backend} and l.status = 'processing' and l.leased_until >= now()) < ${lanes}
      order by s.status = 'processing' desc,
        (select max(x.started_at) from generation_steps x where x.owner_id = s.owner_id and x.backend = s.backend) nulls first,
        s.created_at, s.id
      limit 1)
    returning *`.execute(tx);
  return rows[0];
}

/** Takes a picture that is made and is to be fetched, or that was kept and is to be deleted over there. @param tx of the system */
export async function claimImage(
  tx: Tx,
  { backends, lease, leaseMs }: { backends: readonly string[]; lease: string; leaseMs: number },
): Promise<AlternativeRow | undefined> {
  const { rows } = await sql<AlternativeRow>`
    update step_alternatives set lease = ${lease}, leased_until = ${inMs(leaseMs)}
    where id = (
      select a.id from step_alternatives a join generation_steps s on s.id = a.step_id
      where a.due_at <= now() and a.image is not null and s.backend = any(${backends})
        and (a.leased_until is null or a.leased_until < now())
      order by a.due_at limit 1 for update of a skip locked)
    returning *`.execute(tx);
  return rows[0];
}

/** @returns false when the work is somebody else's by now, or its owner is gone */
export async function renewLease(
  tx: Tx,
  table: 'generation_steps' | 'step_alternatives',
  { id, lease, leaseMs }: { id: string; lease: string; leaseMs: number },
): Promise<boolean> {
  // A picture that was cancelled is nobody's to fetch any more: whoever is at it stops.
  const isWanted = table === 'step_alternatives' ? sql`cancelled_at is null` : sql`true`;
  const { rows } = await sql`
    update ${sql.table(table)} set leased_until = ${inMs(leaseMs)} where id = ${id} and lease = ${lease} and ${isWanted}
    returning id`.execute(tx);
  return rows.length > 0;
}

/**
 * Lets go of a step that is to be taken up again.
 * @param why what stands in its way, for the person who waits; null where nothing does
 */
export async function releaseStep(
  tx: Tx,
  { id, lease, dueInMs, tries }: { id: string; lease: string; dueInMs: number; tries: number },
  why: { code: string; message: string } | null,
): Promise<void> {
  await sql`
    update generation_steps set lease = null, leased_until = null, tries = ${tries}, due_at = ${inMs(dueInMs)},
      status = case when ticket is null then 'pending' else status end,
      error_code = ${why?.code ?? null}, error_message = ${why?.message ?? null}
    where id = ${id} and lease = ${lease}`.execute(tx);
}

/** @returns false when the step is somebody else's by now, or has ended */
export async function keepTicket(
  tx: Tx,
  { id, lease }: { id: string; lease: string },
  ticket: Ticket,
): Promise<boolean> {
  const { rows } = await sql`
    update generation_steps set ticket = ${JSON.stringify(ticket)}::jsonb, tries = 0,
      error_code = null, error_message = null
    where id = ${id} and lease = ${lease} and status in ('pending', 'processing') returning id`.execute(tx);
  return rows.length > 0;
}

/** It is made, and may be fetched from now on; or deleted over there, if nobody waits for it any more. */
export const sayMade = (tx: Tx, id: string, image: string, seed: number | undefined) =>
  sql`
    update step_alternatives set image = ${image}, due_at = now(), seed = coalesce(${seed ?? null}::bigint, seed)
    where id = ${id} and image is null`.execute(tx);

/** Nothing more happens to it: why, for the person who waits. */
export const sayFailed = (tx: Tx, id: string, { code, message }: { code: string; message: string }) =>
  sql`
    update step_alternatives set retrieval_status = 'failed', error_code = ${code}, error_message = ${message},
      settled_at = now(), due_at = null, lease = null, leased_until = null
    where id = ${id} and settled_at is null`.execute(tx);

/** All of a step that is not made by now, as long as whoever says so has it. */
export const sayRestFailed = (
  tx: Tx,
  { id, lease }: { id: string; lease: string },
  { code, message }: { code: string; message: string },
) =>
  sql`
    update step_alternatives set retrieval_status = 'failed', error_code = ${code}, error_message = ${message},
      settled_at = now(), due_at = null
    where step_id = ${id} and settled_at is null and image is null
      and exists (select from generation_steps s where s.id = ${id} and s.lease = ${lease})`.execute(tx);

export const sayFetching = (tx: Tx, id: string, lease: string) =>
  sql`
    update step_alternatives set retrieval_status = 'processing', attempts = attempts + 1, last_attempt_at = now(),
      tried_since = coalesce(tried_since, now())
    where id = ${id} and lease = ${lease}`.execute(tx);

/**
 * It is a photo now.
 * @param options.forgetting whether it is still to be deleted where it was made
 * @returns false when it was cancelled meanwhile, or deleted with its session
 */
export async function sayKept(
  tx: Tx,
  { id, stepId }: { id: string; stepId: string },
  { forgetting }: { forgetting: boolean },
): Promise<boolean> {
  await lockSteps(tx, [stepId]);
  const { rows } = await sql`
    update step_alternatives set retrieval_status = 'completed', error_code = null, error_message = null,
      settled_at = coalesce(settled_at, now()), due_at = ${forgetting ? sql`now()` : sql`null`},
      forgotten_at = ${forgetting ? sql`null` : sql`now()`}
    where id = ${id} and cancelled_at is null returning id`.execute(tx);
  return rows.length > 0;
}

export const sayForgotten = (tx: Tx, id: string) =>
  sql`
    update step_alternatives set forgotten_at = now(), due_at = null, lease = null, leased_until = null where id = ${id}`.execute(
    tx,
  );

/**
 * This try did not succeed. What was cancelled meanwhile stays so, and is due to be deleted over there.
 * @param options.againInMs when it is tried once more; null for never by itself
 * @param options.counts whether it was one of the tries that a picture has
 */
export async function sayNotFetched(
  tx: Tx,
  { id, lease }: { id: string; lease: string },
  { code, message }: { code: string; message: string },
  { againInMs, counts }: { againInMs: number | null; counts: boolean },
): Promise<void> {
  const { rows } = await sql`
    update step_alternatives set
      retrieval_status = 'failed', error_code = ${code}, error_message = ${message},
      attempts = attempts - ${counts ? 0 : 1}, lease = null, leased_until = null,
      due_at = ${againInMs === null ? sql`null` : inMs(againInMs)},
      settled_at = ${againInMs === null ? sql`now()` : sql`null`}
    where id = ${id} and lease = ${lease} and settled_at is null returning id`.execute(tx);
  if (rows.length === 0) await releaseImage(tx, id, lease, 0);
}

export const releaseImage = (tx: Tx, id: string, lease: string, dueInMs: number) =>
  sql`
    update step_alternatives set lease = null, leased_until = null, due_at = ${inMs(dueInMs)}
    where id = ${id} and lease = ${lease}`.execute(tx);

export interface Progress {
  readonly done: number;
  readonly step: number | null;
  readonly of: number | null;
  readonly preview: Uint8Array | null;
}

/** Bytes; as the table has it. */
const mostPreview = 256 * 1024;

/** How far a picture is that is still to come; a preview stays until there is a newer one. Whoever looks on is told of it. */
export async function keepProgress(
  tx: Tx,
  { id, ownerId, stepId }: { id: string; ownerId: string; stepId: string },
  { done, step, of, preview }: Progress,
): Promise<void> {
  // What is larger is no small picture; how far it is can be told without one.
  const bytes = preview && preview.length <= mostPreview ? Buffer.from(preview) : null;
  const { rows } = await sql`
    insert into alternative_progress as p (alternative_id, owner_id, done, step, of, preview)
    select ${id}::uuid, ${ownerId}::uuid, ${done}::real, ${step}::integer, ${of}::integer, ${bytes}::bytea
    where exists (select from step_alternatives a where a.id = ${id} and a.settled_at is null)
    on conflict (alternative_id) do update set done = excluded.done, step = excluded.step, of = excluded.of,
      preview = coalesce(excluded.preview, p.preview), changed_at = now()
    returning p.alternative_id`.execute(tx);
  if (rows.length === 0) return;
  await sql`select pg_notify('tintype', change_announcement(${ownerId}, 'generation', 'changed', array[${stepId}]::uuid[]))`.execute(
    tx,
  );
}

/** Steps that wait for a backend that is none of these; not those of this minute, which another server may be about to take. @param tx of the system */
export async function listLostSteps(tx: Tx, backends: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from generation_steps
    where status in ('pending', 'processing') and backend <> all(${backends}) and created_at < now() - interval '1 minute'
      and (leased_until is null or leased_until < now())`.execute(tx);
  return rows.map(({ id }) => id);
}

/** All of a step that is not in the gallery. @param tx of the system */
export const sayAllFailed = (tx: Tx, stepId: string, { code, message }: { code: string; message: string }) =>
  sql`
    update step_alternatives set retrieval_status = 'failed', error_code = ${code}, error_message = ${message},
      settled_at = now(), due_at = null
    where step_id = ${stepId} and settled_at is null`.execute(tx);
