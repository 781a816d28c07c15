import { createRoute, z } from '@hono/zod-openapi';
import { createRouter } from '#platform/http/api.ts';
import { errors, id, json } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import type { PictureDeps } from './deps.ts';
import { receivePicture } from './receive-picture.ts';
import { removeOrganizationLogo, removeOwnPicture, setOrganizationLogo, setOwnPicture } from './set-picture.ts';

const tags = ['Pictures'];
const noContent = { 204: { description: 'Done' } };
const byKind = { params: z.object({ kind: contract.kind }) };
const byId = { params: z.object({ id }) };
/**
 * Gives a route the JSON that it takes for the types of clients, and nothing else: a body that is declared on the route itself would be
 * buffered whole, and every other type of body refused.
 */
const takingChoice = <Route extends object>(route: Route) =>
  route as Route & { request: { body: { content: { 'application/json': { schema: typeof contract.PhotoChoice } } } } };

const settingDescription =
  'A file, as the body (any content type but JSON) or as the field `file` of a form, or a photo of your own, in JSON. It becomes a WebP of 500 KB at the most, 1024 pixels long (covers 1920), upright, without metadata; of an animation its first frame.';

const setting = {
  200: json(contract.Picture, 'Shown to everybody from now on'),
  ...errors(400, 401, 403, 404, 409, 413, 415, 422, 503, 507),
};

/** Pictures over HTTP. Their bytes go another way: see `serve-picture.ts`. */
export function pictureRoutes(deps: PictureDeps) {
  const router = createRouter()
    .openapi(
      takingChoice(
        createRoute({
          method: 'put',
          path: '/me/pictures/{kind}',
          hide: true,
          request: byKind,
          responses: setting,
        }),
      ),
      async (c) => {
        const { kind } = c.req.valid('param');
        return c.json(
          await setOwnPicture(deps, c.var.caller, kind, (user) => receivePicture(deps, user, c), c.req.raw.signal),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/me/pictures/{kind}',
        tags,
        summary: 'Show no such picture of me',
        request: byKind,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await removeOwnPicture(deps, c.var.caller, c.req.valid('param').kind);
        return c.body(null, 204);
      },
    )
    .openapi(
      takingChoice(
        createRoute({
          method: 'put',
          path: '/organizations/{id}/logo',
          hide: true,
          request: byId,
          responses: setting,
        }),
      ),
      async (c) => {
        const { id: organizationId } = c.req.valid('param');
        const { signal } = c.req.raw;
        return c.json(
          await setOrganizationLogo(
            deps,
            c.var.caller,
            organizationId,
            (user) => receivePicture(deps, user, c),
            signal,
          ),
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/organizations/{id}/logo',
        tags,
        summary: 'Show no logo of an organization',
        request: byId,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await removeOrganizationLogo(deps, c.var.caller, c.req.valid('param').id);
        return c.body(null, 204);
      },
    );
  declareSetting(router);
  declareBytes(router);
  return router;
}

/** The documentation of what {@link takingChoice} leaves out. */
function declareSetting(router: ReturnType<typeof createRouter>): void {
  const file = z.string().openapi({ format: 'binary' });
  const crop = z.string().optional().openapi({ description: 'A Crop, as JSON' });
  for (const [path, summary, params] of [
    ['/me/pictures/{kind}', 'Show everybody a picture of me', byKind],
    ['/organizations/{id}/logo', 'Show everybody a logo of an organization', byId],
  ] as const) {
    router.openAPIRegistry.registerPath({
      method: 'put',
      path,
      tags,
      summary,
      description: settingDescription,
      request: {
        ...params,
        body: {
          required: true,
          content: {
            'application/json': { schema: contract.PhotoChoice },
            'application/octet-stream': { schema: file },
            'multipart/form-data': { schema: z.object({ file, crop }) },
          },
        },
      },
      responses: setting,
    });
  }
}

/** Documents the addresses of bytes, which `serve-picture.ts` answers ahead of this router. They do not lie under the API's. */
function declareBytes(router: ReturnType<typeof createRouter>): void {
  const binary = z.string().openapi({ format: 'binary' });
  const responses = {
    200: {
      description: 'The picture, for everybody',
      content: { 'image/webp': { schema: binary }, 'image/svg+xml': { schema: binary } },
    },
    302: { description: 'Where the library has a public bucket: the same bytes, to be read there' },
    304: { description: 'Not changed' },
    ...errors(400, 404, 503),
  };
  const text = (description: string) => z.string().optional().openapi({ description });
  const query = z.object({
    v: text('What the content hash begins with: while it is this, the answer may be kept for ever'),
    size: z
      .enum(contract.sizes.map(String) as [string])
      .optional()
      .openapi({ description: 'The most pixels of the long side; without it, the whole picture' }),
    fallback: z
      .literal('initials')
      .optional()
      .openapi({ description: 'Draws initials where there is no picture, in place of 404' }),
    initials: text('The letters to draw'),
    name: text('The name whose initials to draw'),
  });
  for (const [path, summary, params] of [
    ['/images/users/{id}/{kind}', 'The profile or cover picture of somebody', z.object({ id, kind: contract.kind })],
    ['/images/organizations/{id}/logo', 'The logo of an organization', z.object({ id })],
  ] as const) {
    router.openAPIRegistry.registerPath({
      method: 'get',
      path,
      tags,
      summary,
      servers: [{ url: '/' }],
      security: [],
      request: { params, query },
      responses,
    });
  }
  router.openAPIRegistry.registerPath({
    method: 'get',
    path: '/avatar/{hash}',
    tags,
    summary:
      'The profile picture of who has an e-mail and lets it be found by that, as Gravatar and Libravatar have it',
    servers: [{ url: '/' }],
    security: [],
    request: {
      params: z.object({
        hash: z.string().openapi({ description: 'sha256 of the e-mail, trimmed and in lower case; hex' }),
      }),
      query: z.object({
        s: text('Pixels, 1 to 2048; the next larger size that there is. Default 80'),
        d: text('What stands in: 404, mp (default), identicon, initials, blank'),
        f: text('y: what stands in, in any case'),
        initials: text('The letters to draw'),
        name: text('The name whose initials to draw'),
      }),
    },
    responses,
  });
}
