import { API_BASE } from '#lib/api.ts';
import type { Photo } from '#lib/api-schema.ts';
import { type SendOptions, type Upload, UploadProblem } from './queue.ts';

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

/** What to tell, and whether to try again, from the server's answer. */
export function problemOf(status: number, body: unknown): UploadProblem {
  const { message, details } =
    (body as { error?: { message?: string; details?: { retry_after?: number } } })?.error ?? {};
  if (status === 401) return new UploadProblem('signed-out', 'You are signed out. Sign in again, then retry.');
  if (status === 429 || status === 503)
    return new UploadProblem('later', message ?? 'The server is busy.', details?.retry_after ?? 5);
  if (status === 413 || status === 415 || status === 422 || status === 400)
    return new UploadProblem('refused', message ?? 'The server cannot read this file.');
  return new UploadProblem('failed', message ?? 'The server could not take it. Try again in a moment.');
}

export function connectionLost(share: number): UploadProblem {
  return new UploadProblem('network', share > 0 ? `Connection lost at ${Math.floor(share * 100)} %` : 'No connection');
}
