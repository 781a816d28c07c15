import { Readable } from 'node:stream';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { type receivePhoto, toContentDisposition, variants } from '#features/photos/index.ts';
import { type ApiEnv, createRouter } from '#platform/http/api.ts';
import { errors, id, json } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import type { SharingDeps } from './deps.ts';
import { guestCookie, readPasswordHeader } from './guest-cookie.ts';
import { sendPhoto } from './send-photo.ts';
import { unlockLink } from './unlock-link.ts';
import { downloadLink, readGuestLayout, readGuestPhoto, type Visit, viewLink } from './visit-link.ts';

type Deps = Pick<
  SharingDeps,
  'database' | 'passwords' | 'linkKeys' | 'sessions' | 'limits' | 'cleanOriginals' | 'publicUrl'
> &
  Parameters<typeof receivePhoto>[0];

const key = z.string().openapi({ description: 'The access_key of a link' });
const byKey = z.object({ key });
const refusals = errors(401, 404, 410, 429);

/**
 * What guests are answered, under `/s` where browsers come by and keep a cookie, and under the API's `/share` for other
 * clients. Bytes of photos go another way: see `serve-guest-photo.ts`.
 * @param mount `/s` or `/api/v1/share`
 */
export function guestRoutes(deps: Deps, mount: '/s' | '/api/v1/share') {
  const visitOf = (c: Context<ApiEnv>): Visit => {
    const key = c.req.param('key') ?? '';
    return {
      key,
      base: `${mount}/${key}`,
      session: c.req.header('x-share-session') ?? getCookie(c, guestCookie),
      password: readPasswordHeader(c.req.header('x-share-password')),
      address: c.var.address,
    };
  };

  const router = createRouter()
    .openapi(
      createRoute({
        method: 'get',
        path: '/{key}',
        tags: ['Guests'],
        summary: 'What a link shows',
        description: 'A link to one photo answers its bytes where `Accept` would rather have an image.',
        security: [],
        request: { params: byKey, headers: contract.GuestHeaders },
        responses: { 200: json(contract.GuestView, 'The head of the guest’s page'), ...refusals },
      }),
      async (c) => c.json(await viewLink(deps, visitOf(c)), 200, { vary: 'Accept' }),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/{key}/unlock',
        tags: ['Guests'],
        summary: 'Open a visit: one view',
        security: [],
        request: {
          params: byKey,
          headers: contract.GuestHeaders.pick({ 'x-share-session': true }),
          body: { required: false, content: { 'application/json': { schema: contract.Unlock } } },
        },
        responses: { 200: json(contract.Unlocked, 'The session, for a day at the most'), ...errors(400), ...refusals },
      }),
      async (c) => {
        const visit = visitOf(c);
        const { session, expiresAt } = await unlockLink(deps, { ...visit, password: c.req.valid('json')?.password });
        if (mount === '/s') {
          setCookie(c, guestCookie, session, {
            path: visit.base,
            httpOnly: true,
            sameSite: 'Lax',
            secure: c.var.address.secure,
            expires: expiresAt,
          });
        }
        return c.json({ session, expires_at: expiresAt.toISOString() }, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/{key}/layout',
        tags: ['Guests'],
        summary: 'All photos of a link, in columns',
        security: [],
        request: { params: byKey, headers: contract.GuestHeaders },
        responses: { 200: json(contract.GuestLayout, 'The photos'), ...refusals },
      }),
      async (c) => c.json(await readGuestLayout(deps, visitOf(c)), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/{key}/photos/{id}',
        tags: ['Guests'],
        summary: 'One photo of a link',
        security: [],
        request: { params: z.object({ key, id }), headers: contract.GuestHeaders },
        responses: { 200: json(contract.GuestPhoto, 'The photo'), ...refusals },
      }),
      async (c) => c.json(await readGuestPhoto(deps, visitOf(c), c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/{key}/download',
        tags: ['Guests'],
        summary: 'All photos of a link as a zip',
        security: [],
        request: { params: byKey, headers: contract.GuestHeaders },
        responses: {
          200: {
            description: 'A zip of the originals, without metadata unless the link shows it',
            content: { 'application/zip': { schema: z.string().openapi({ format: 'binary' }) } },
          },
          ...errors(403),
          ...refusals,
        },
      }),
      async (c) => {
        const { filename, open } = await downloadLink(deps, visitOf(c));
        const headers = {
          'content-type': 'application/zip',
          'content-disposition': toContentDisposition(filename),
          'cache-control': 'private, no-store',
        };
        // The router drops the body of a HEAD without closing it.
        if (c.req.method === 'HEAD') return c.body(null, 200, headers);
        return c.body(Readable.toWeb(open()) as ReadableStream, 200, headers);
      },
    );

  // Declared apart from its handler: a body that is declared on the route would be buffered whole.
  const file = z.string().openapi({ format: 'binary' });
  router.openAPIRegistry.registerPath({
    method: 'post',
    path: '/{key}/photos',
    tags: ['Guests'],
    summary: 'Add a photo to the album, where the link allows it',
    description: 'The file as the body (any content type), or as the field `file` of a multipart form.',
    security: [],
    request: {
      params: byKey,
      headers: contract.GuestHeaders,
      query: z.object({ filename: z.string().optional(), modified_at: z.string().optional() }),
      body: {
        required: true,
        content: {
          'application/octet-stream': { schema: file },
          'multipart/form-data': {
            schema: z.object({ file, filename: z.string().optional(), modified_at: z.string().optional() }),
          },
        },
      },
    },
    responses: {
      201: json(contract.GuestPhoto, 'Added'),
      200: json(contract.GuestPhoto, 'The album has these bytes already; this is that photo'),
      ...errors(400, 403, 413, 415, 422, 507),
      ...refusals,
    },
  });
  router.post('/:key/photos', async (c) => {
    const { photo, duplicate } = await sendPhoto(deps, visitOf(c), c);
    return c.json(photo, duplicate ? 200 : 201);
  });

  declareBytes(router);
  return router;
}

/** Documents the addresses of bytes, which `serve-guest-photo.ts` answers ahead of this router. */
function declareBytes(router: ReturnType<typeof createRouter>): void {
  const picture = {
    description: 'The bytes',
    content: { 'image/*': { schema: z.string().openapi({ format: 'binary' }) } },
  };
  router.openAPIRegistry.registerPath({
    method: 'get',
    path: '/{key}/photos/{id}/{variant}',
    tags: ['Guests'],
    summary: 'One size of a photo of a link',
    description: '`original` where the link allows downloads, without metadata unless it shows it.',
    security: [],
    request: {
      params: z.object({ key, id, variant: z.enum(variants) }),
      headers: contract.GuestHeaders,
      query: z.object({
        download: z.literal('1').optional().openapi({ description: 'Save under its name instead of showing it' }),
      }),
    },
    responses: {
      200: picture,
      206: { ...picture, description: 'A range of the bytes' },
      304: { description: 'Not changed' },
      ...errors(403, 416),
      ...refusals,
    },
  });
}
