import { API_BASE, ApiError, refusalOf } from '#lib/api.ts';
import type { Crop } from './crop.ts';

/** What a picture is made of: a file, or a photo of one's own. */
type PictureChoice = { file: File } | { photoId: string };

type Options = { signal: AbortSignal; onProgress: (share: number) => void };

/**
 * Puts a picture where it is shown.
 * @param path of the API: `/me/pictures/profile`
 * @param crop the part of it that is shown; null for the whole
 * @returns its public address
 * @throws {ApiError} for every answer that is not a success; an abort by `signal` is an `AbortError`
 */
export function sendPicture(
  path: string,
  choice: PictureChoice,
  crop: Crop | null,
  { signal, onProgress }: Options,
): Promise<string> {
  // XMLHttpRequest, because `fetch` tells nothing about how much of a body has gone out.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `${API_BASE}${path}`);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => addressIn(path, request.status, request.responseText).then(resolve, reject);
    request.onerror = () =>
      reject(new ApiError(0, 'network', 'The connection was lost. The picture is as it was: try again.'));
    request.onabort = () => reject(new DOMException('Stopped', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if ('photoId' in choice) {
      request.setRequestHeader('content-type', 'application/json');
      request.send(JSON.stringify({ photo_id: choice.photoId, ...(crop ? { crop } : {}) }));
    } else {
      request.send(formOf(choice.file, crop));
    }
  });
}

/** The address that an answer tells. @throws {ApiError} for every other answer, also a page that a proxy put in its place */
export async function addressIn(path: string, status: number, text: string): Promise<string> {
  const json = async (): Promise<{ url?: unknown } | null> => JSON.parse(text);
  const url = status === 200 ? (await json().catch(() => null))?.url : undefined;
  if (typeof url === 'string') return url;
  throw await refusalOf(path, { status, json });
}

function formOf(file: File, crop: Crop | null): FormData {
  const form = new FormData();
  // Fields come first, so that a part that cannot be cut is refused before the file is sent.
  if (crop) form.set('crop', JSON.stringify(crop));
  form.set('file', file);
  return form;
}

/** Shows no such picture any more. @throws {ApiError} */
export async function removePicture(path: string): Promise<void> {
  const response = await fetch(`${API_BASE}${path}`, { method: 'DELETE' }).catch(() => {
    throw new ApiError(0, 'network', 'The server cannot be reached. Check your connection and try again.');
  });
  if (!response.ok) throw await refusalOf(path, response);
}
