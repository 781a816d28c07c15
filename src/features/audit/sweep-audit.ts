import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { deleteEntriesAfter } from './store.ts';

export interface SweepDeps {
  readonly database: Database;
  /** Days that an entry is kept. */
  readonly auditDays: number;
}

/** Forgets what is older than the log is to reach back. @returns how many entries */
export const sweepAudit = ({ database, auditDays }: SweepDeps): Promise<number> =>
  asSystem(database, (tx) => deleteEntriesAfter(tx, auditDays));
