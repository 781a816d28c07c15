import { type Kysely, sql } from 'kysely';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

/** Whether visitors may try the studio; they may not until somebody lets them. @param tx of anybody */
export async function readTryOut(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ allowed: boolean }>`select try_out_allowed() as allowed`.execute(tx);
  return rows[0]?.allowed ?? false;
}

/** @param tx of an administrator */
export const writeTryOut = (tx: Tx, allowed: boolean) =>
  sql`
    insert into try_out (allowed) values (${allowed})
    on conflict (id) do update set allowed = excluded.allowed, changed_at = now()`.execute(tx);
