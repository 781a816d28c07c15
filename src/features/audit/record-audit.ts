import type { QueryExecutorProvider } from 'kysely';
import { type AuditEntry, insertEntry } from './store.ts';

/**
 * Writes down that something was done, in the transaction that does it: neither is there without the other. Who did it
 * is that transaction's principal.
 */
export const recordAudit = (tx: QueryExecutorProvider, entry: AuditEntry): Promise<void> => insertEntry(tx, entry);
