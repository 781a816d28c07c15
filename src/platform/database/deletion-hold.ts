import { type Kysely, sql } from 'kysely';
import type { ClientBase } from 'pg';

/**
 * Bytes that no photo refers to any more are deleted under this lock, shared; a backup takes it alone, before its snapshot, and keeps it
 * until it has copied what the snapshot refers to. What was to be deleted meanwhile goes with the next sweep.
 */
const deletionHold = 7302;

/**
 * Holds deletions of bytes off for as long as this connection lives.
 * @returns false when another backup has held them for `patienceMs`
 */
export async function holdDeletions(client: ClientBase, patienceMs: number): Promise<boolean> {
  await client.query(`set lock_timeout = ${Math.ceil(patienceMs)}`);
  try {
    await client.query(`select pg_advisory_lock(${deletionHold})`);
    return true;
  } catch (error) {
    const notAvailable = '55P03';
    if ((error as { code?: string }).code === notAvailable) return false;
    throw error;
  } finally {
    await client.query('reset lock_timeout');
  }
}

/** Whether bytes may be deleted in this transaction; a backup that comes after waits for its end. */
export async function mayDelete<Tables>(tx: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{
    may: boolean;
  }>`select pg_try_advisory_xact_lock_shared(${sql.lit(deletionHold)}) as may`.execute(tx);
  return rows[0]?.may === true;
}
