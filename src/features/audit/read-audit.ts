import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import type { Database } from '#platform/database/database.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { AuditPage, AuditQuery } from './contract.ts';
import { type AuditTables, listEntries } from './store.ts';

/** A page of the log, newest first. For administrators. */
export async function readAudit(
  deps: { database: Database },
  caller: Caller,
  query: z.output<typeof AuditQuery>,
): Promise<z.infer<typeof AuditPage>> {
  const { principal } = requireAllowed(caller, 'audit.read');
  const rows = await deps.database.as(principal, (tx: Kysely<AuditTables>) => listEntries(tx, query));
  const page = rows.slice(0, query.limit);
  return {
    items: page.map((row) => ({
      id: Number(row.id),
      at: row.at.toISOString(),
      action: row.action,
      actor_kind: row.actor_kind,
      actor: row.actor_kind === 'user' && row.actor_id ? { id: row.actor_id, username: row.actor_name } : null,
      address: row.address,
      subject: row.subject_kind ? { kind: row.subject_kind, id: row.subject_id, name: row.subject_name } : null,
      details: row.details,
    })),
    next_cursor: rows.length > page.length ? (page.at(-1)?.id ?? null) : null,
  };
}
