import { requireAllowed } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import { ownUploader } from './keep-photo.ts';
import { createPresenter } from './present-photo.ts';
import { type Source, uploadPhoto } from './upload-photo.ts';

/**
 * Takes in a file of the caller's own, however it came.
 * @returns the photo as the API shows it; `duplicate` where it was there before
 * @throws AppError as {@link uploadPhoto}, `unauthorized`, `forbidden`
 */
export async function uploadOwnPhoto(
  deps: Pick<PhotoDeps, 'database' | 'blobs' | 'imaging' | 'jobs' | 'signedUrls' | 'maxUploadBytes'>,
  caller: Caller,
  source: Source,
  signal?: AbortSignal,
) {
  const user = requireAllowed(caller, 'photo.create');
  const { row, duplicate } = await uploadPhoto(deps, ownUploader(user), source, signal);
  return { photo: createPresenter(deps, user).photo(row), duplicate };
}
