import { createRoute, z } from '@hono/zod-openapi';
import { createRouter } from '#platform/http/api.ts';
import { errors, id, json, jsonBody } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import type { SharingDeps } from './deps.ts';
import { changeLink, closeLink, createLink, listLinks, readLink } from './manage-links.ts';

const byId = { params: z.object({ id }) };

/** The links of whoever is signed in. What guests are answered is in `guest-routes.ts`. */
export function linkRoutes(
  deps: Pick<SharingDeps, 'database' | 'passwords' | 'signedUrls' | 'linkKeys' | 'publicUrl'>,
) {
  return createRouter()
    .openapi(
      createRoute({
        method: 'post',
        path: '/share/create',
        tags: ['Links'],
        summary: 'Make a link to a photo or an album',
        request: jsonBody(contract.NewLink),
        responses: {
          201: json(contract.CreatedLink, 'The link, open from now on'),
          ...errors(400, 401, 403, 404, 409),
        },
      }),
      async (c) => c.json(await createLink(deps, c.var.caller, c.req.valid('json'), c.var.address.ip), 201),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/share-links',
        tags: ['Links'],
        summary: 'My links, newest first',
        request: { query: contract.LinkQuery },
        responses: { 200: json(contract.LinkList, 'Links that were not closed'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await listLinks(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/share-links/{id}',
        tags: ['Links'],
        summary: 'One link',
        request: byId,
        responses: { 200: json(contract.Link, 'The link'), ...errors(401, 403, 404) },
      }),
      async (c) => c.json(await readLink(deps, c.var.caller, c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/share-links/{id}',
        tags: ['Links'],
        summary: 'Change what a link allows',
        request: { ...byId, ...jsonBody(contract.LinkChange) },
        responses: { 200: json(contract.Link, 'Changed'), ...errors(400, 401, 403, 404) },
      }),
      async (c) =>
        c.json(
          await changeLink(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json'), c.var.address.ip),
          200,
        ),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/share-links/{id}',
        tags: ['Links'],
        summary: 'Close a link for good',
        request: byId,
        responses: { 204: { description: 'Closed' }, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await closeLink(deps, c.var.caller, c.req.valid('param').id, c.var.address.ip);
        return c.body(null, 204);
      },
    );
}
