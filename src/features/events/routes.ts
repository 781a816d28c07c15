import { createRoute, z } from '@hono/zod-openapi';
import { requireAllowed } from '#features/access/index.ts';
import { createRouter } from '#platform/http/api.ts';
import { errors } from '#platform/http/contract.ts';
import type { ChangeStreams } from './change-streams.ts';
import { Change } from './contract.ts';
import { followChanges } from './follow-changes.ts';

const description = `Server-sent events, for as long as the credential is good. \`event: hello\` comes first, and again whenever something may \
have been missed: read anew then what is shown. \`event: change\` carries a Change as JSON. What is told are ids alone, of \
what the caller may see. An account may listen in eight places at each server.`;

/** What changes, as it happens. */
export function eventRoutes(deps: { streams: ChangeStreams }) {
  const router = createRouter();
  router.openAPIRegistry.register('Change', Change);
  return router.openapi(
    createRoute({
      method: 'get',
      path: '/events',
      tags: ['Events'],
      summary: 'What changes in my library, as it happens',
      description,
      responses: {
        200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } },
        ...errors(401, 403, 429, 503),
      },
    }),
    async (c) => {
      const headers = {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // nginx would hold events back until its buffer is full.
        'x-accel-buffering': 'no',
        // An ended stream leaves no idle connection for a stopping server to wait for.
        connection: 'close',
      };
      // The body of a HEAD is dropped unread: a stream would stay open.
      if (c.req.method === 'HEAD') {
        requireAllowed(c.var.caller, 'change.follow');
        return c.body(null, 200, headers) as never;
      }
      const stream = await followChanges(deps, c.var.caller, () => c.env?.outgoing?.destroy());
      return c.body(stream, 200, headers) as never;
    },
  );
}
