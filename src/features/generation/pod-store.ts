import { type Kysely, sql } from 'kysely';
import type { DayUse, PodRecord, PodUse } from './backends/runpod/pod-ledger.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

const inMs = (ms: number) => sql`now() + make_interval(secs => ${ms / 1000})`;

/** @returns false while another has it. @param tx of the system */
export async function leasePod(tx: Tx, lease: string, ms: number): Promise<boolean> {
  const { rows } = await sql`
    update pods set lease = ${lease}, leased_until = ${inMs(ms)}
    where leased_until is null or leased_until < now() returning id`.execute(tx);
  return rows.length > 0;
}

/** Holds it longer. Once somebody else has had it, it is lost for good: what was read under it may be true no more. @param tx of the system */
export const renewPod = (tx: Tx, lease: string, ms: number) =>
  sql`update pods set leased_until = ${inMs(ms)} where lease = ${lease}`.execute(tx);

/** @param tx of the system */
export const releasePod = (tx: Tx, lease: string) =>
  sql`update pods set lease = null, leased_until = null where lease = ${lease}`.execute(tx);

export interface PodRow {
  readonly record: PodRecord | null;
  readonly alarm: string | null;
  /** Why work may not start it. */
  readonly paused: string | null;
  /** Why it was not to be had when it was last wanted. */
  readonly trouble: string | null;
  readonly troubled_at: Date | null;
}

/** @param tx of the system, or of an administrator */
export async function readPod(tx: Tx): Promise<PodRow> {
  const { rows } = await sql<PodRow>`select record, alarm, paused, trouble, troubled_at from pods`.execute(tx);
  return rows[0] ?? { record: null, alarm: null, paused: null, trouble: null, troubled_at: null };
}

/** @returns false where the lease is somebody else's by now; then nothing is written. @param tx of the system */
export async function writePod(tx: Tx, lease: string, record: PodRecord | null): Promise<boolean> {
  const { rows } = await sql`
    update pods set record = ${record && JSON.stringify(record)}::jsonb where lease = ${lease} returning id`.execute(
    tx,
  );
  return rows.length > 0;
}

/** @param tx of the system */
export const pausePod = (tx: Tx, why: string | null) =>
  sql`update pods set paused = ${why} where paused is distinct from ${why}`.execute(tx);

/** @param tx of the system */
export const noteTrouble = (tx: Tx, message: string | null) =>
  sql`
    update pods set trouble = ${message}, troubled_at = case when ${message}::text is null then null else now() end
    where ${message}::text is not null or trouble is not null`.execute(tx);

/** @param tx of the system */
export const endAlarm = (tx: Tx) =>
  sql`update pods set alarm = null, alarmed_at = null where alarm is not null`.execute(tx);

/** Pictures that did not come wait for their person, who may have made room, for as long. */
const failedStays = sql`interval '7 days'`;

/** Pictures that are made, awaited, and lie where they were made. @param tx of the system */
export async function countUnfetched(tx: Tx, place: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from step_alternatives a join generation_steps s on s.id = a.step_id
    where s.backend = 'runpod' and a.cancelled_at is null and a.retrieval_status <> 'completed'
      and (a.settled_at is null or a.settled_at > now() - ${failedStays}) and starts_with(a.image, ${`${place}/`})`.execute(
    tx,
  );
  return rows[0]?.count ?? 0;
}

/** @returns whether it is a new one. @param tx of the system */
export async function keepAlarm(tx: Tx, message: string): Promise<boolean> {
  const { rows } = await sql`
    update pods set alarm = ${message}, alarmed_at = now() where alarm is distinct from ${message} returning id`.execute(
    tx,
  );
  return rows.length > 0;
}

/** @param day such as `2026-11-22`. @param tx of the system, or of an administrator */
export async function readPodUse(tx: Tx, day: string): Promise<PodUse> {
  const { rows } = await sql<{ ms: string; dollars: number }>`
    select ms, dollars from pod_use where day = ${day}::date`.execute(tx);
  return { ms: Number(rows[0]?.ms ?? 0), dollars: rows[0]?.dollars ?? 0 };
}

/** What all machines have run and cost, ever. @param tx of an administrator */
export async function sumPodUse(tx: Tx): Promise<PodUse> {
  const { rows } = await sql<{ ms: string | null; dollars: number | null }>`
    select sum(ms) as ms, sum(dollars) as dollars from pod_use`.execute(tx);
  return { ms: Number(rows[0]?.ms ?? 0), dollars: rows[0]?.dollars ?? 0 };
}

/** @param tx of the system */
export const addPodUse = (tx: Tx, { day, ms, dollars }: DayUse) =>
  sql`
    insert into pod_use as u (day, ms, dollars) values (${day}::date, ${Math.round(ms)}, ${dollars})
    on conflict (day) do update set ms = u.ms + excluded.ms, dollars = u.dollars + excluded.dollars`.execute(tx);

export type Mode = 'local' | 'remote';

export async function readMode(tx: Tx): Promise<Mode> {
  const { rows } = await sql<{ mode: Mode }>`select mode from generation_backend`.execute(tx);
  return rows[0]?.mode ?? 'local';
}

export const writeMode = (tx: Tx, mode: Mode) =>
  sql`
    insert into generation_backend (mode) values (${mode})
    on conflict (id) do update set mode = excluded.mode, changed_at = now()`.execute(tx);
