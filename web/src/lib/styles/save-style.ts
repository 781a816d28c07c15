import { API_BASE, ApiError, refusalOf } from '#lib/api.ts';
import type { Photo } from '#lib/api-schema.ts';
import type { StyleChoice } from './style-choice.ts';

/**
 * Makes a new picture of a photo. Asked outside the common client, as its answer's status tells whether the picture was there already.
 * @throws {ApiError} for every answer that is not a success
 */
export async function saveStyle(
  photoId: string,
  { style, percent }: StyleChoice,
): Promise<{ picture: Photo; isNew: boolean }> {
  const path = `/photos/${encodeURIComponent(photoId)}/styles`;
  const response = await fetch(`${API_BASE}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ style, strength: percent / 100 }),
  }).catch(() => {
    throw new ApiError(
      0,
      'network',
      'The server cannot be reached. Your choice is kept: check your connection and save again.',
    );
  });
  if (!response.ok) throw await refusalOf(path, response);
  return { picture: (await response.json()) as Photo, isNew: response.status === 201 };
}
