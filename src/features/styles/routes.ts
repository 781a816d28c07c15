import { createRoute, z } from '@hono/zod-openapi';
import { createPresenter, Photo } from '#features/photos/index.ts';
import { createRouter } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { errors, id, json, jsonBody } from '#platform/http/contract.ts';
import { clientGone } from '#platform/http/request-body.ts';
import * as contract from './contract.ts';
import type { StyleDeps } from './deps.ts';
import { listStyles } from './list-styles.ts';
import { previewStyle } from './preview-style.ts';
import { stylePhoto } from './style-photo.ts';

const tags = ['Styles'];
const binary = z.string().openapi({ format: 'binary' });

/** Styles over HTTP. */
export function styleRoutes(deps: StyleDeps) {
  return createRouter()
    .openapi(
      createRoute({
        method: 'get',
        path: '/styles',
        tags,
        summary: 'The styles a photo can be given',
        responses: { 200: json(contract.StyleList, 'All of them'), ...errors(401, 403) },
      }),
      (c) => c.json(listStyles(c.var.caller), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/photos/{id}/styles',
        tags,
        summary: 'Make a new photo of one of mine, in a style',
        description:
          'No model has a part in it. The result has the size of the original (24 megapixels at the most), is upright, in sRGB and without the place; it lies beside its source in the timeline and counts in the quota. Of an animation the first frame is taken.',
        request: { params: z.object({ id }), ...jsonBody(contract.StyleChoice) },
        responses: {
          201: json(Photo, 'The new photo'),
          200: json(Photo, 'This was made before; it is this photo'),
          ...errors(400, 401, 403, 404, 409, 413, 422, 503, 507),
        },
      }),
      async (c) => {
        const { user, row, duplicate } = await stylePhoto(
          deps,
          c.var.caller,
          c.req.valid('param').id,
          c.req.valid('json'),
          c.req.raw.signal,
        ).catch((error) => {
          throw c.req.raw.signal.aborted && !(error instanceof AppError) ? clientGone() : error;
        });
        return c.json(createPresenter(deps, user).photo(row), duplicate ? 200 : 201);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/photos/{id}/styles/{style}/preview',
        tags,
        summary: 'How a photo would look in a style, 512 px long',
        description: 'Drawn when it is asked for, and never stored.',
        request: { params: z.object({ id, style: contract.StyleName }), query: contract.PreviewQuery },
        responses: {
          200: {
            description: 'A JPEG, or a WebP where one can see through it',
            content: { 'image/jpeg': { schema: binary }, 'image/webp': { schema: binary } },
          },
          304: { description: 'Not changed' },
          ...errors(400, 401, 403, 404, 503),
        },
      }),
      async (c) => {
        const { id: photoId, style } = c.req.valid('param');
        const preview = await previewStyle(deps, c.var.caller, photoId, style, c.req.valid('query').strength);
        const headers = {
          etag: preview.etag,
          'cache-control': 'private, max-age=86400',
          vary: 'Cookie, Authorization',
        };
        if (c.req.header('if-none-match') === preview.etag) return c.body(null, 304, headers);
        const bytes = await preview.draw();
        const isWebp = bytes[0] === 0x52;
        return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
          ...headers,
          'content-type': isWebp ? 'image/webp' : 'image/jpeg',
        });
      },
    );
}
