import { type Kysely, sql } from 'kysely';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

export interface SessionRow {
  id: string;
  entry_type: 'scratch' | 'refinement';
  source_photo_id: string | null;
  status: 'active' | 'completed' | 'abandoned';
  started_at: Date;
  changed_at: Date;
  completed_at: Date | null;
  steps_count: number;
  title: string | null;
  /** The latest picture of it that is in the gallery. */
  latest_photo_id: string | null;
}

const columns = sql`
  s.id, s.entry_type, s.source_photo_id, s.status, s.started_at, s.changed_at, s.completed_at,
  (select count(*)::int from generation_steps g where g.session_id = s.id) as steps_count,
  (select g.prompt from generation_steps g where g.session_id = s.id order by g.position limit 1) as title,
  (select p.id from generation_steps g join step_alternatives a on a.step_id = g.id
     join photos p on p.id = a.id and p.deleted_at is null
   where g.session_id = s.id
   order by g.position desc, a.id = g.selected_image_id desc nulls last, a.n limit 1) as latest_photo_id`;

/** A person's sessions, those that were worked in last first. */
export async function listSessions(
  tx: Tx,
  ownerId: string,
  { status, limit, offset }: { status?: SessionRow['status'] | undefined; limit: number; offset: number },
): Promise<{ items: SessionRow[]; total: number }> {
  const found = sql`from generation_sessions s where s.owner_id = ${ownerId}
    and (${status ?? null}::text is null or s.status = ${status ?? null})`;
  const { rows } = await sql<SessionRow>`
    select ${columns} ${found} order by s.changed_at desc, s.id desc limit ${limit} offset ${offset}`.execute(tx);
  const { rows: counted } = await sql<{ n: number }>`select count(*)::int as n ${found}`.execute(tx);
  return { items: rows, total: counted[0]?.n ?? 0 };
}

export async function findSession(tx: Tx, id: string): Promise<SessionRow | undefined> {
  const { rows } = await sql<SessionRow>`select ${columns} from generation_sessions s where s.id = ${id}`.execute(tx);
  return rows[0];
}

export const insertSession = (
  tx: Tx,
  session: Pick<SessionRow, 'id' | 'entry_type' | 'source_photo_id'> & { owner_id: string },
) =>
  tx
    .insertInto('generation_sessions')
    .values({ ...session, completed_at: null })
    .execute();

/** Nobody adds a step to it, or ends it, until the transaction is over. */
export const lockSession = (tx: Tx, id: string) =>
  tx
    .selectFrom('generation_sessions')
    .select(['id', 'status', 'source_photo_id'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();

export const setSessionStatus = (tx: Tx, id: string, status: SessionRow['status']) =>
  tx
    .updateTable('generation_sessions')
    .set({ status, changed_at: new Date(), completed_at: status === 'active' ? null : new Date() })
    .where('id', '=', id)
    .execute();

/** It was worked in just now: it stands first. */
export const touchSession = (tx: Tx, id: string) =>
  tx.updateTable('generation_sessions').set({ changed_at: new Date() }).where('id', '=', id).execute();

export const deleteSession = (tx: Tx, id: string) =>
  tx.deleteFrom('generation_sessions').where('id', '=', id).execute();
