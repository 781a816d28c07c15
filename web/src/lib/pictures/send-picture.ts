import { API_BASE, ApiError, toApiError } from '#lib/api.ts';
import type { Crop } from './crop.ts';

/** What a picture is made of: a file, or a photo of one's own. Without a part, of the whole of it. */
type PictureChoice = { file: File; crop: Crop | null } | { photoId: string; crop: Crop | null };

type Options = { signal: AbortSignal; onProgress: (share: number) => void };

/**
 * Puts a picture where it is shown.
 * @param path of the API: `/me/pictures/profile`
 * @returns its public address
 * @throws {ApiError} for every answer that is not a success; an abort by `signal` is an `AbortError`
 */
export function sendPicture(path: string, choice: PictureChoice, { signal, onProgress }: Options): Promise<string> {
  // XMLHttpRequest, because `fetch` tells nothing about how much of a body has gone out.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `${API_BASE}${path}`);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = async () => {
      if (request.status === 200) resolve((JSON.parse(request.responseText) as { url: string }).url);
      else reject(await toApiError(new Response(request.responseText, { status: request.status })));
    };
    request.onerror = () =>
      reject(new ApiError(0, 'network', 'The connection was lost. The picture is as it was: try again.'));
    request.onabort = () => reject(new DOMException('Stopped', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if ('photoId' in choice) {
      request.setRequestHeader('content-type', 'application/json');
      request.send(JSON.stringify({ photo_id: choice.photoId, ...(choice.crop ? { crop: choice.crop } : {}) }));
    } else {
      request.send(formOf(choice));
    }
  });
}

function formOf({ file, crop }: { file: File; crop: Crop | null }): FormData {
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
  if (!response.ok) throw await toApiError(response);
}
