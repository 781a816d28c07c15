import { createRoute } from '@hono/zod-openapi';
import type { Database } from '#platform/database/database.ts';
import { createRouter } from '#platform/http/api.ts';
import { errors, json } from '#platform/http/contract.ts';
import { AuditPage, AuditQuery } from './contract.ts';
import { readAudit } from './read-audit.ts';

/** The audit log over HTTP. It can be read, and nothing else. */
export function auditRoutes(deps: { database: Database }) {
  return createRouter().openapi(
    createRoute({
      method: 'get',
      path: '/admin/audit',
      tags: ['Administration'],
      summary: 'Who did what: sign-ins, shares, keys and administration',
      request: { query: AuditQuery },
      responses: { 200: json(AuditPage, 'Newest first'), ...errors(400, 401, 403) },
    }),
    async (c) => c.json(await readAudit(deps, c.var.caller, c.req.valid('query')), 200),
  );
}
