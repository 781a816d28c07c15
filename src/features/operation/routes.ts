import { createHash, timingSafeEqual } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { requireAllowed } from '#features/access/index.ts';
import type { Database } from '#platform/database/database.ts';
import { createRouter } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { errors, id, json } from '#platform/http/contract.ts';
import type { Metrics } from '#platform/observability/metrics.ts';
import { deleteJob, type JobDeps, listJobs, retryJob } from './administer-jobs.ts';
import { JobList, JobQuery } from './contract.ts';

const Health = z.strictObject({ status: z.literal('ok'), version: z.string() }).openapi('Health');
const byId = { params: z.object({ id }) };
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** What whoever runs the server asks it: is it there, can it work, what has it done. */
export function operationRoutes(
  deps: JobDeps & {
    database: Database;
    metrics: Metrics;
    metricsToken: string | undefined;
    version: string;
  },
) {
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
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/admin/jobs',
        tags: ['Administration'],
        summary: 'What the server has to do, and what failed',
        request: { query: JobQuery },
        responses: { 200: json(JobList, 'Jobs, the latest first'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await listJobs(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/admin/jobs/{id}/retry',
        tags: ['Administration'],
        summary: 'Try a failed job once more',
        request: byId,
        responses: { 204: { description: 'It is tried at once' }, ...errors(401, 403, 404, 409) },
      }),
      async (c) => {
        await retryJob(deps, c.var.caller, c.req.valid('param').id, c.var.address.ip);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/admin/jobs/{id}',
        tags: ['Administration'],
        summary: 'Forget a job',
        request: byId,
        responses: { 204: { description: 'Done' }, ...errors(401, 403, 404, 409) },
      }),
      async (c) => {
        await deleteJob(deps, c.var.caller, c.req.valid('param').id, c.var.address.ip);
        return c.body(null, 204);
      },
    );
}
