import { API_BASE } from '#lib/api.ts';
import type { Photo } from '#lib/api-schema.ts';
import { connectionLost, problemOf } from './problem.ts';
import type { SendOptions, Upload } from './queue.ts';

/** Above this a file goes by tus, which can resume; below it one request is quicker than three. */
const RESUMABLE_FROM = 8 * 1024 * 1024;

/** Sends one file to the gallery, whichever way suits its size. */
export async function sendUpload(
  upload: Upload<Photo>,
  options: SendOptions,
): Promise<{ result: Photo; duplicate: boolean }> {
  if (upload.size < RESUMABLE_FROM) return sendWhole(upload, options);
  const { sendResumable } = await import('./send-resumable.ts');
  return sendResumable(upload, options);
}

/** XMLHttpRequest, because `fetch` tells nothing about how much of a body has gone out. */
function sendWhole({ file, name, modifiedAt }: Upload<Photo>, { signal, onProgress }: SendOptions) {
  return new Promise<{ result: Photo; duplicate: boolean }>((resolve, reject) => {
    const request = new XMLHttpRequest();
    let share = 0;
    request.open('POST', `${API_BASE}/photos?${new URLSearchParams({ filename: name, modified_at: modifiedAt })}`);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => {
      share = total > 0 ? loaded / total : 0;
      onProgress(loaded);
    };
    request.onload = () => {
      if (request.status === 200 || request.status === 201)
        resolve({ result: request.response as Photo, duplicate: request.status === 200 });
      else reject(problemOf(request.status, request.response));
    };
    request.onerror = () => reject(connectionLost(share));
    request.onabort = () => reject(new DOMException('Stopped', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}
