import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';

/**
 * Put into the text of a query that many requests ask, it has each connection keep the query's plan: the policies of three tables take
 * ten times as long to plan as a row takes to find. For texts that are always the same, and whose answer is a row or none; PostgreSQL
 * plans for any values from the sixth time on.
 */
export const keptPlan = '/* its plan is kept */';

const names = new Map<string, string>();
const pools = new WeakMap<Pool, Pool>();
const clients = new WeakMap<PoolClient, PoolClient>();

/** A pool whose connections name the queries that carry {@link keptPlan}. */
export function keepPlans(pool: Pool): Pool {
  const known = pools.get(pool);
  if (known) return known;
  const wrapper = Object.assign(Object.create(pool), {
    connect: async () => keepPlansOf(await pool.connect()),
  }) as Pool;
  pools.set(pool, wrapper);
  return wrapper;
}

function keepPlansOf(client: PoolClient): PoolClient {
  const known = clients.get(client);
  if (known) return known;
  const query = (text: unknown, values?: unknown[]) =>
    typeof text === 'string' && text.includes(keptPlan)
      ? client.query({ name: nameOf(text), text, values: values ?? [] })
      : client.query(text as string, values);
  const wrapper = Object.assign(Object.create(client), {
    query,
    release: (error?: Error | boolean) => client.release(error),
  }) as PoolClient;
  clients.set(client, wrapper);
  return wrapper;
}

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
}
