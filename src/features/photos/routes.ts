import { Readable } from 'node:stream';
import { createRoute, z } from '@hono/zod-openapi';
import { requireAllowed } from '#features/access/index.ts';
import { createRouter } from '#platform/http/api.ts';
import { errors, id, json, jsonBody, page } from '#platform/http/contract.ts';
import { listPhotos, readPhoto, readTimeline, readTimelineMonth } from './browse-photos.ts';
import { archivePhotos, changePhoto, setFavorites } from './change-photos.ts';
import * as contract from './contract.ts';
import type { PhotoDeps } from './deps.ts';
import { createDownload, streamDownload } from './download-photos.ts';
import { toContentDisposition } from './filename.ts';
import { findingRoutes } from './finding-routes.ts';
import { ownUploader } from './keep-photo.ts';
import { createPresenter } from './present-photo.ts';
import { receivePhoto } from './receive-photo.ts';
import type { createResumableUploads } from './resumable-upload.ts';
import { listTrash, purgePhotos, restorePhotos, trashPhotos } from './trash-photos.ts';

const noContent = { 204: { description: 'Done' } };
const byId = { params: z.object({ id }) };

/** Photos over HTTP. Their bytes go another way: see `serve-photo.ts`. */
export function photoRoutes(deps: PhotoDeps & { resumable: ReturnType<typeof createResumableUploads> }) {
  const router = createRouter()
    .openapi(
      createRoute({
        method: 'get',
        path: '/photos',
        tags: ['Photos'],
        summary: 'My photos, newest first',
        request: { query: contract.ListQuery },
        responses: { 200: json(contract.PhotoList, 'A page of photos'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await listPhotos(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/timeline',
        tags: ['Photos'],
        summary: 'How many photos each month has',
        request: { query: contract.TimelineQuery },
        responses: { 200: json(contract.Timeline, 'Months, newest first'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await readTimeline(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/timeline/{month}',
        tags: ['Photos'],
        summary: 'The photos of one month, in columns',
        request: { params: z.object({ month: contract.month }), query: contract.TimelineQuery },
        responses: { 200: json(contract.TimelineMonth, 'The month'), ...errors(400, 401, 403, 404) },
      }),
      async (c) =>
        c.json(await readTimelineMonth(deps, c.var.caller, c.req.valid('param').month, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/photos/{id}/metadata',
        tags: ['Photos'],
        summary: 'Everything known of a photo',
        request: byId,
        responses: { 200: json(contract.PhotoMetadata, 'The photo'), ...errors(401, 403, 404) },
      }),
      async (c) => c.json(await readPhoto(deps, c.var.caller, c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/photos/{id}',
        tags: ['Photos'],
        summary: 'Change caption, tags, place, date, favourite, archive, type or which is primary',
        request: { ...byId, ...jsonBody(contract.PhotoChange) },
        responses: { 200: json(contract.Photo, 'Changed'), ...errors(400, 401, 403, 404, 409) },
      }),
      async (c) => c.json(await changePhoto(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json')), 200),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/photos/{id}',
        tags: ['Photos'],
        summary: 'Move a photo to the trash',
        request: byId,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await trashPhotos(deps, c.var.caller, { ids: [c.req.valid('param').id] });
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/photos/batch/trash',
        tags: ['Photos'],
        summary: 'Move many photos to the trash',
        request: jsonBody(contract.Selection),
        responses: {
          200: json(contract.Trashed, 'How many, and the moment to undo by'),
          ...errors(400, 401, 403, 404),
        },
      }),
      async (c) => c.json(await trashPhotos(deps, c.var.caller, c.req.valid('json')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/photos/batch/delete',
        tags: ['Photos'],
        summary: 'Move photos to the trash, by id',
        request: jsonBody(contract.Ids),
        responses: { ...noContent, ...errors(400, 401, 403, 404) },
      }),
      async (c) => {
        await trashPhotos(deps, c.var.caller, c.req.valid('json'));
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/photos/batch/restore',
        tags: ['Photos'],
        summary: 'Take photos out of the trash',
        request: jsonBody(contract.TrashSelection),
        responses: { 200: json(contract.Changed, 'How many'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => c.json(await restorePhotos(deps, c.var.caller, c.req.valid('json')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/photos/batch/purge',
        tags: ['Photos'],
        summary: 'Delete photos of the trash for good',
        request: jsonBody(contract.PurgeSelection),
        responses: { 200: json(contract.Changed, 'How many'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => c.json(await purgePhotos(deps, c.var.caller, c.req.valid('json')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/photos/batch/favorite',
        tags: ['Photos'],
        summary: 'Mark many photos as favourites, or no longer',
        request: jsonBody(contract.FavoriteSelection),
        responses: { 200: json(contract.Changed, 'How many changed'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => {
        const { is_favorite: isFavorite, ...selection } = c.req.valid('json');
        return c.json(await setFavorites(deps, c.var.caller, selection, isFavorite), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/photos/batch/archive',
        tags: ['Photos'],
        summary: 'Put many photos into the archive, or take them out',
        request: jsonBody(contract.ArchiveSelection),
        responses: { 200: json(contract.Changed, 'How many changed'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => {
        const { is_archived: isArchived, ...selection } = c.req.valid('json');
        return c.json(await archivePhotos(deps, c.var.caller, selection, isArchived), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/trash',
        tags: ['Photos'],
        summary: 'My trash',
        request: { query: z.strictObject(page) },
        responses: { 200: json(contract.TrashList, 'A page of the trash'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await listTrash(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/downloads',
        tags: ['Photos'],
        summary: 'Make a zip of originals',
        request: jsonBody(contract.Selection),
        responses: { 201: json(contract.Download, 'Where the zip streams from'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => c.json(await createDownload(deps, c.var.caller, c.req.valid('json')), 201),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/downloads/{id}',
        tags: ['Photos'],
        summary: 'The zip, streamed',
        request: byId,
        responses: {
          200: {
            description: 'A zip',
            content: { 'application/zip': { schema: z.string().openapi({ format: 'binary' }) } },
          },
          ...errors(401, 403, 404, 410),
        },
      }),
      async (c) => {
        const { filename, open } = await streamDownload(deps, c.var.caller, c.req.valid('param').id);
        const headers = {
          'content-type': 'application/zip',
          'content-disposition': toContentDisposition(filename),
          'cache-control': 'private, no-store',
        };
        // The router drops the body of a HEAD without closing it.
        if (c.req.method === 'HEAD') return c.body(null, 200, headers);
        return c.body(Readable.toWeb(open()) as ReadableStream, 200, headers);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/uploads/{id}',
        tags: ['Uploads'],
        summary: 'What became of a resumable upload',
        request: byId,
        responses: { 200: json(contract.UploadState, 'Its state, kept for a day'), ...errors(401, 403, 404) },
      }),
      async (c) => {
        // The router hands a HEAD to the route of GET; this one is tus asking how much has arrived.
        if (c.req.method === 'HEAD') return (await deps.resumable.handle(c.var.caller, c.req.raw)) as never;
        return c.json(await deps.resumable.read(c.var.caller, c.req.valid('param').id), 200);
      },
    );

  // Declared apart from their handlers: a body that is declared on the route would be buffered whole.
  const file = z.string().openapi({ format: 'binary' });
  router.openAPIRegistry.registerPath({
    method: 'post',
    path: '/photos',
    tags: ['Photos'],
    summary: 'Upload a photo',
    description: 'The file as the body (any content type), or as the field `file` of a multipart form.',
    request: {
      query: contract.UploadQuery,
      body: {
        required: true,
        content: {
          'application/octet-stream': { schema: file },
          'multipart/form-data': {
            schema: z.object({ file }).extend(contract.UploadQuery.shape),
          },
        },
      },
    },
    responses: {
      201: json(contract.Photo, 'Kept'),
      200: json(contract.Photo, 'You had uploaded these bytes before; this is that photo'),
      ...errors(400, 401, 403, 413, 415, 422, 429, 507),
    },
  });
  router.post('/photos', async (c) => {
    const caller = requireAllowed(c.var.caller, 'photo.create');
    const kept = await receivePhoto(deps, ownUploader(caller), c);
    return c.json(createPresenter(deps, caller).photo(kept.row), kept.duplicate ? 200 : 201);
  });

  const tusHeaders = z.object({ 'tus-resumable': z.literal('1.0.0') });
  const answers = (status: number, description: string) => ({
    [status]: { description },
    ...errors(400, 401, 403, 404, 413),
  });
  for (const [method, path, summary, responses] of [
    [
      'post',
      '/uploads',
      'Start a resumable upload (tus 1.0)',
      { ...answers(201, 'Started; `Location` is its address'), ...errors(429, 507) },
    ],
    ['head', '/uploads/{id}', 'How much has arrived', answers(200, '`Upload-Offset` says')],
    ['patch', '/uploads/{id}', 'Send the next bytes', { ...answers(204, 'Received'), ...errors(415, 422, 507) }],
    ['delete', '/uploads/{id}', 'Give an upload up', answers(204, 'Given up')],
  ] as const) {
    router.openAPIRegistry.registerPath({
      method,
      path,
      tags: ['Uploads'],
      summary,
      request: { headers: tusHeaders, ...(path.includes('{id}') ? byId : {}) },
      responses,
    });
  }
  const tus = (c: { var: { caller: Parameters<typeof deps.resumable.handle>[0] }; req: { raw: Request } }) =>
    deps.resumable.handle(c.var.caller, c.req.raw);
  router.on(['POST', 'OPTIONS'], '/uploads', tus);
  router.on(['PATCH', 'DELETE', 'OPTIONS'], '/uploads/:id', tus);

  declareBytes(router);
  return router.route('/', findingRoutes(deps));
}

/** Documents the addresses of bytes, which `serve-photo.ts` answers ahead of this router. */
function declareBytes(router: ReturnType<typeof createRouter>): void {
  const picture = {
    description: 'The bytes',
    content: { 'image/*': { schema: z.string().openapi({ format: 'binary' }) } },
  };
  const responses = {
    200: picture,
    206: { ...picture, description: 'A range of the bytes' },
    304: { description: 'Not changed' },
    ...errors(401, 403, 404, 416),
  };
  const query = z.object({
    v: z.string().optional().openapi({ description: 'The content hash, in URLs that may be cached for ever' }),
    download: z.literal('1').optional().openapi({ description: 'Save under its name instead of showing it' }),
    ...Object.fromEntries(
      ['u', 'c', 'e', 's'].map((name) => [name, z.string().optional().openapi({ description: 'Part of a signature' })]),
    ),
  });
  for (const [path, summary, params] of [
    ['/photos/{id}', 'The original', z.object({ id })],
    ['/photos/thumbnail/{id}', 'A thumbnail of 300 px', z.object({ id })],
    ['/photos/{id}/{variant}', 'One size of a photo', z.object({ id, variant: z.enum(contract.variants) })],
  ] as const) {
    router.openAPIRegistry.registerPath({
      method: 'get',
      path,
      tags: ['Photos'],
      summary,
      request: { params, query },
      responses,
    });
  }
}
