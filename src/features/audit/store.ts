import { type ColumnType, type Kysely, type QueryExecutorProvider, sql } from 'kysely';
import type { actions, subjectKinds } from './contract.ts';

type Action = (typeof actions)[number];
type SubjectKind = (typeof subjectKinds)[number];

export interface AuditTables {
  audit_log: {
    id: ColumnType<string>;
    at: Date;
    action: Action;
    actor_kind: 'user' | 'link' | 'anonymous' | 'system';
    actor_id: string | null;
    actor_name: string | null;
    address: string | null;
    subject_kind: SubjectKind | null;
    subject_id: string | null;
    subject_name: string | null;
    details: Record<string, unknown>;
  };
}

type Tx = Kysely<AuditTables>;

/** Something that was done. Who did it is not said: that is the transaction's principal. */
export interface AuditEntry {
  readonly action: Action;
  readonly subject?: { readonly kind: SubjectKind; readonly id: string | null } | undefined;
  /** Words of the product's own and figures; nothing that people wrote. */
  readonly details?: Readonly<Record<string, string | number | boolean | null | readonly string[]>> | undefined;
  /** As the client's address was read, proxies considered. */
  readonly address?: string | null | undefined;
}

export async function insertEntry(tx: QueryExecutorProvider, entry: AuditEntry): Promise<void> {
  const { action, subject, details = {}, address } = entry;
  await sql`select record_audit(${action}, ${subject?.kind ?? null}, ${subject?.id ?? null},
    ${JSON.stringify(details)}::jsonb, ${address || null})`.execute(tx);
}

/** A page of the log, newest first, and one row more where there is one. */
export async function listEntries(
  tx: Tx,
  filter: { action?: Action | undefined; user_id?: string | undefined; before?: string | undefined; limit: number },
) {
  let query = tx.selectFrom('audit_log').selectAll();
  if (filter.action) query = query.where('action', '=', filter.action);
  const { user_id: userId, before } = filter;
  if (userId) query = query.where((eb) => eb.or([eb('actor_id', '=', userId), eb('subject_id', '=', userId)]));
  if (before) query = query.where('id', '<', before);
  return query
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
    .execute();
}

/** @param tx of the system @returns how many rows went */
export async function deleteEntriesAfter(tx: QueryExecutorProvider, days: number): Promise<number> {
  const { rows } = await sql<{ n: string }>`select sweep_audit(${days}) as n`.execute(tx);
  return Number(rows[0]?.n ?? 0);
}
