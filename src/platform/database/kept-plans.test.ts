import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { keptPlan } from './kept-plans.ts';
import { anonymous } from './principal.ts';

const { database } = await createTestDatabase();

test('a query that says so is prepared once on its connection, and answers each time for its own principal', async () => {
  const id = '01900000-0000-7000-8000-000000000000';
  const ask = (principal: Parameters<typeof database.as>[0], n: number) =>
    database.as(principal, async (tx) => {
      const { rows } = await sql<{ n: number; me: string | null }>`
        ${sql.raw(keptPlan)} select ${n}::int as n, app_user_id() as me`.execute(tx);
      const prepared = await sql<{ n: number }>`
        select count(*)::int as n from pg_prepared_statements where statement like ${`%${keptPlan} select%`}`.execute(
        tx,
      );
      return [rows[0], prepared.rows[0]?.n];
    });
  // One after the other, they share a connection; more often than it takes for a plan that fits all.
  for (let n = 0; n < 8; n += 1) {
    expect(await ask({ kind: 'user', id }, n)).toEqual([{ n, me: id }, 1]);
    expect(await ask(anonymous, n)).toEqual([{ n, me: null }, 1]);
  }
});
