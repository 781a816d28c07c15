import { Readable } from 'node:stream';
import { findOwnEarlier } from '#features/imports/index.ts';
import { readOriginal, toContentDisposition } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';
import type { LegacyImages, LegacyRoute } from '../system.ts';
import { leadsElsewhere, photoIdIn } from './file-name.ts';

/** Whoever asks from a phone gets text, which its app writes to a file itself. */
const isMobile = (userAgent: string | undefined): boolean => /mobile|android|iphone|ipad/i.test(userAgent ?? '');

/** Of base64, three bytes are four characters: pieces that are cut elsewhere do not go together. */
const pieceBytes = 3 * 64 * 1024;

/** The files of the earlier system's folder: what was made, and what of. */
export function fileImages(deps: LegacyDeps): LegacyImages[] {
  return [
    {
      path: '/uploads/:filename',
      photoOf: async ({ filename = '' }, user) => {
        const photoId = await findPhoto(deps, user, filename);
        return photoId === null ? null : { photoId };
      },
    },
    {
      path: '/download-image/:filename',
      serves: (request) => !isMobile(request.headers['user-agent']),
      photoOf: async ({ filename = '' }, user) => {
        const photoId = await findPhoto(deps, user, filename);
        const headers = { 'Content-Disposition': toContentDisposition(filename) };
        return photoId === null ? null : { photoId, isTakenOut: true, headers };
      },
    },
  ];
}

/** A download as a phone's app takes it. */
export function mobileDownload(deps: LegacyDeps): LegacyRoute {
  return {
    method: 'GET',
    path: '/download-image/:filename',
    // By the signature in the address too, which is looked at here.
    open: true,
    async handle(c) {
      const user = await deps.images.viewerOf(c);
      const filename = c.req.param('filename') ?? '';
      const photoId = await findPhoto(deps, user, filename);
      if (photoId === null) throw new AppError('not_found', 'There is no such picture.');
      const { mimeType, pieces } = await readOriginal(deps.photos, user, photoId);
      const headers = { 'content-type': 'application/json' };
      // The router drops the body of a HEAD without closing it, and the file would stay open.
      if (c.req.method === 'HEAD') return new Response(null, { headers });
      const rest = { filename, mime_type: mimeType, platform: 'mobile' };
      const text = async function* () {
        yield '{"success":true,"image_data":"';
        for await (const piece of pieces(pieceBytes)) yield piece.toString('base64');
        yield `",${JSON.stringify(rest).slice(1)}`;
      };
      const body = Readable.toWeb(Readable.from(text(), { objectMode: false })) as ReadableStream;
      return new Response(body, { headers });
    },
  };
}

/**
 * The photo that a file's name stands for: by the id that is in it, else as it was called before it was moved here.
 * @throws AppError `validation_error` for a name that leads elsewhere
 */
async function findPhoto(deps: LegacyDeps, user: UserCaller, filename: string): Promise<string | null> {
  if (leadsElsewhere(filename)) throw new AppError('validation_error', 'Invalid filename');
  const id = photoIdIn(filename);
  if (id !== null && (await isOwn(deps, user, id))) return id;
  const which = { system: 'style-ai', kind: 'photo', earlierId: filename } as const;
  return (await findOwnEarlier(deps.photos, user, which)) ?? null;
}

/** What an album shows of somebody else's is none of these files. */
const isOwn = (deps: LegacyDeps, user: UserCaller, id: string): Promise<boolean> =>
  deps.photos.locator.locate(user, id).then(
    ({ ownerId }) => ownerId === user.userId,
    (error) => {
      if (error instanceof AppError && error.code === 'not_found') return false;
      throw error;
    },
  );
