import { requireAllowed } from '#features/access/index.ts';
import { trashPhotos, uploadOwnPhoto, withdrawPhoto } from '#features/photos/index.ts';
import type { StyleId } from '#features/styles/index.ts';
import { stylePhoto } from '#features/styles/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { clientGone } from '#platform/http/request-body.ts';
import type { LegacyDeps } from '../deps.ts';
import { createLargeBodies } from '../large-bodies.ts';
import { readJson } from '../read-body.ts';
import type { LegacyContext, LegacyRoute } from '../system.ts';
import type { Pace } from './pace.ts';
import { presentImage } from './present.ts';
import { readDataUrl } from './read-data-url.ts';
import { readStyle, styles } from './styles.ts';
import { model } from './usage.ts';

/** Of the whole body, with the picture in base64, as the earlier system counted. */
const mostBytes = 16 * 2 ** 20;

/** A picture in, a styled one out: both stay, as photos of whoever sent it. */
export function uploadRoutes(deps: LegacyDeps, pace: Pace): LegacyRoute[] {
  const bodies = createLargeBodies();

  const keepBoth = async (user: UserCaller, bytes: Buffer, style: StyleId, signal: AbortSignal) => {
    const { photo: original, duplicate } = await uploadOwnPhoto(
      deps.photos,
      user,
      {
        body: piecesOf(bytes),
        declaredBytes: bytes.length,
        label: () => ({ filename: undefined, modifiedAt: null }),
      },
      signal,
    );
    const styled = await stylePhoto(deps.photos, user, original.id, { style }, signal).catch(async (error) => {
      // Whoever is told that nothing came of it has nothing of it. What was in the library before stays in it.
      // Whatever becomes of that, why nothing was styled is what is told.
      if (!duplicate) await takeBack(user, original.id, error).catch(() => {});
      throw error;
    });
    return {
      ...styled.row,
      style,
      source_photo_id: original.id,
      source_mime_type: original.mime_type,
    };
  };

  /** Where there is no room, what lies in the trash would take it; otherwise whoever uploaded the same meanwhile finds it there. */
  const takeBack = async (user: UserCaller, id: string, error: unknown): Promise<void> => {
    const isForRoom = error instanceof AppError && ['quota_exceeded', 'storage_full'].includes(error.code);
    await (isForRoom ? withdrawPhoto(deps.photos, user, id) : trashPhotos(deps.photos, user, { ids: [id] }));
  };

  const upload = async (c: LegacyContext, user: UserCaller): Promise<Response> => {
    // Before sixteen megabytes are read, and before the first of two photos is kept: all of it.
    requireAllowed(user, 'photo.style');
    const announced = Number(c.req.header('content-length') ?? mostBytes);
    const over = bodies.enter(user.userId, Math.min(announced, mostBytes));
    try {
      await pace.spend(user.userId);
      return await styleSent(c, user);
    } finally {
      over();
    }
  };

  const styleSent = async (c: LegacyContext, user: UserCaller): Promise<Response> => {
    const body = await readJson(c, { mostBytes });
    const style = readStyle(body.style);
    const bytes = readDataUrl(body.image);
    const { signal } = c.req.raw;
    const made = await keepBoth(user, bytes, style, signal).catch((error) => {
      throw signal.aborted && !(error instanceof AppError) ? clientGone() : error;
    });
    const { id, filename, original_filename, timestamp, url } = presentImage(deps, user, made);
    return c.json({
      id,
      filename,
      original_filename,
      style,
      timestamp,
      url,
      download_url: deps.images.url(`/download-image/${filename}`, user),
      user_tier: 'default',
      ai_model: `${model}/${style}`,
    });
  };

  return [
    { method: 'POST', path: '/upload', handle: upload },
    {
      method: 'GET',
      path: '/styles',
      open: true,
      handle: (c) => c.json(styles.map(([id, name, description, category]) => ({ id, name, description, category }))),
    },
    {
      method: 'GET',
      path: '/rate-limit-status',
      handle: async (c, user) => c.json({ status: 'success', rate_limits: await pace.read(user.userId), model }),
    },
  ];
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
