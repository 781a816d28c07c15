import { AppError } from '#platform/http/app-error.ts';
import type { PictureDeps } from './deps.ts';
import type { PictureKind } from './store.ts';

/**
 * The bytes of a picture that everybody is shown, 500 KB of WebP at the most.
 * @throws AppError `not_found`
 */
export async function readPicture(
  deps: Pick<PictureDeps, 'locator' | 'blobs'>,
  kind: PictureKind,
  id: string,
): Promise<Buffer> {
  const shown = deps.locator.remembered(kind, id) ?? (await deps.locator.locate(kind, id));
  const reader = shown && (await deps.blobs.open({ hash: shown.hash, variant: 'picture' }));
  if (!reader) throw new AppError('not_found', 'There is no such picture.');
  try {
    const bytes = Buffer.alloc(reader.size);
    await reader.read(bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    await reader.close();
  }
}
