import { createHash, timingSafeEqual } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { requireAllowed } from '#features/access/index.ts';
import type { Database } from '#platform/database/database.ts';
import { createRouter } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { errors, json } from '#platform/http/contract.ts';
import type { Metrics } from '#platform/observability/metrics.ts';

const Health = z.strictObject({ status: z.literal('ok'), version: z.string() }).openapi('Health');
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** What whoever runs the server asks it: is it there, can it work, what has it done. */
export function operationRoutes(deps: {
  database: Database;
  metrics: Metrics;
  metricsToken: string | undefined;
  version: string;
}) {
  return createRouter()
    .openapi(
      createRoute({
        method: 'get',
        path: '/health',
        tags: ['Operation'],
        summary: 'Whether the server is up',
        responses: { 200: json(Health, 'It is') },
      }),
      (c) => c.json({ status: 'ok' as const, version: deps.version }, 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/ready',
        tags: ['Operation'],
        summary: 'Whether the server can do its work: its database answers',
        responses: { 200: json(Health, 'It can'), ...errors(503) },
      }),
      async (c) => {
        await deps.database.pool.query('select 1').catch(() => {
          throw new AppError('unavailable', 'The database does not answer.');
        });
        return c.json({ status: 'ok' as const, version: deps.version }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/metrics',
        tags: ['Operation'],
        summary: 'Figures for Prometheus',
        description: 'For administrators, and for whoever shows TINTYPE_METRICS_TOKEN as a bearer token.',
        responses: {
          200: { description: 'Figures', content: { 'text/plain': { schema: z.string() } } },
          ...errors(401, 403),
        },
      }),
      async (c) => {
        const shown = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
        const { metricsToken } = deps;
        if (!metricsToken || !timingSafeEqual(digest(shown), digest(metricsToken))) {
          requireAllowed(c.var.caller, 'metrics.read');
        }
        return c.body(await deps.metrics.registry.metrics(), 200, {
          'content-type': deps.metrics.registry.contentType,
        }) as never;
      },
    );
}
