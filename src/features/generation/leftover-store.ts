import { type Kysely, type Selectable, sql } from 'kysely';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

export type LeftoverRow = Selectable<GenerationTables['generation_leftovers']>;

/** After that a server that took it up is taken to be gone. */
const claimedFor = sql`interval '5 minutes'`;

/** Takes what is due; unless it is dropped or put off, it is due again in a while. @param tx of the system */
export async function claimLeftover(tx: Tx, backends: readonly string[]): Promise<LeftoverRow | undefined> {
  const { rows } = await sql<LeftoverRow>`
    update generation_leftovers set due_at = now() + ${claimedFor}, tries = tries + 1
    where id = (
      select id from generation_leftovers where due_at <= now() and backend = any(${backends})
      order by due_at limit 1 for update skip locked)
    returning *`.execute(tx);
  return rows[0];
}

/** What must stay of a batch: pictures that may still be fetched, by themselves or when their person asks. @param tx of the system */
export async function listWanted(tx: Tx, batchId: string): Promise<string[]> {
  const { rows } = await sql<{ image: string }>`
    select a.image from generation_steps s join step_alternatives a on a.step_id = s.id
    where s.batch_id = ${batchId} and a.image is not null and a.cancelled_at is null and a.retrieval_status <> 'completed'`.execute(
    tx,
  );
  return rows.map(({ image }) => image);
}

/** @param tx of the system */
export const putOffLeftover = (tx: Tx, id: string, ms: number) =>
  sql`update generation_leftovers set due_at = now() + make_interval(secs => ${ms / 1000}) where id = ${id}`.execute(
    tx,
  );

/** @param tx of the system */
export const dropLeftover = (tx: Tx, id: string) =>
  tx.deleteFrom('generation_leftovers').where('id', '=', id).execute();

/** Of a backend that has not been there for a month nothing is expected any more. @param tx of the system */
export const dropOldLeftovers = (tx: Tx) =>
  sql`delete from generation_leftovers where created_at < now() - interval '30 days'`.execute(tx);
