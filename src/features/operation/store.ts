import { type QueryExecutorProvider, type SqlBool, sql } from 'kysely';

export interface JobRow {
  id: string;
  name: string;
  state: 'created' | 'retry' | 'active' | 'completed' | 'cancelled' | 'failed';
  data: object | null;
  reason: string | null;
  retry_count: number;
  created_on: Date;
  started_on: Date | null;
  completed_on: Date | null;
}

// The queue's tables have no policies of their own, so each query asks for itself who looks.
const mine = sql<SqlBool>`(select app_is_admin()) and name not like '\\_\\_pgboss%'`;

const statesOf = {
  waiting: ['created', 'retry'],
  active: ['active'],
  completed: ['completed'],
  failed: ['failed'],
} as const;

/** Jobs, the latest first; for administrators alone, whoever else asks is told of none. */
export async function listJobs(
  tx: QueryExecutorProvider,
  state: 'failed' | 'active' | 'waiting' | 'all',
  page: { limit: number; offset: number },
): Promise<JobRow[]> {
  const inState = state === 'all' ? sql`true` : sql`state::text = any(${statesOf[state]}::text[])`;
  const { rows } = await sql<JobRow>`
    select id, name, state, data, output->>'message' as reason, retry_count, created_on, started_on, completed_on
    from pgboss.job where ${mine} and ${inState}
    order by coalesce(completed_on, started_on, created_on) desc, id
    limit ${page.limit} offset ${page.offset}`.execute(tx);
  return rows;
}

export async function countJobs(tx: QueryExecutorProvider): Promise<Record<keyof typeof statesOf | 'all', number>> {
  const { rows } = await sql<{ state: JobRow['state']; n: number }>`
    select state, count(*)::int as n from pgboss.job where ${mine} group by state`.execute(tx);
  const sum = (states: readonly string[]) =>
    rows.reduce((total, { state, n }) => (states.includes(state) ? total + n : total), 0);
  return {
    waiting: sum(statesOf.waiting),
    active: sum(statesOf.active),
    completed: sum(statesOf.completed),
    failed: sum(statesOf.failed),
    all: sum(rows.map(({ state }) => state)),
  };
}

/** Nobody starts or ends it until the transaction is over. */
export async function lockJob(
  tx: QueryExecutorProvider,
  id: string,
): Promise<{ name: string; state: JobRow['state'] } | undefined> {
  const { rows } = await sql<{ name: string; state: JobRow['state'] }>`
    select name, state from pgboss.job where ${mine} and id = ${id} for update`.execute(tx);
  return rows[0];
}
