import { connectionLost } from '#lib/upload/problem.ts';
import { type SendOptions, type Upload, UploadProblem } from '#lib/upload/queue.ts';

/** Sends one file to an album that takes photos from guests. XMLHttpRequest, because `fetch` tells nothing of how much has gone out. */
export function sendPhoto<Result>(
  to: string,
  { file, name, modifiedAt }: Upload<Result>,
  { signal, onProgress }: SendOptions,
) {
  return new Promise<{ result: Result; duplicate: boolean }>((resolve, reject) => {
    const request = new XMLHttpRequest();
    let share = 0;
    request.open('POST', `${to}?${new URLSearchParams({ filename: name, modified_at: modifiedAt })}`);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => {
      share = total > 0 ? loaded / total : 0;
      onProgress(loaded);
    };
    request.onload = () => {
      if (request.status === 200 || request.status === 201)
        resolve({ result: request.response as Result, duplicate: request.status === 200 });
      else reject(problemOf(request.status, request.response));
    };
    request.onerror = () => reject(connectionLost(share));
    request.onabort = () => reject(new DOMException('Stopped', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

function problemOf(status: number, body: unknown): UploadProblem {
  const { message, details } =
    (body as { error?: { message?: string; details?: { retry_after?: number } } } | null)?.error ?? {};
  if (status === 429 || status === 503)
    return new UploadProblem('later', message ?? 'The server is busy.', details?.retry_after ?? 5);
  if (status === 507)
    return new UploadProblem('refused', 'This album takes no more: tell whoever sent you the link that it is full.');
  if (status >= 400 && status < 500)
    return new UploadProblem('refused', message ?? 'The server cannot read this file.');
  return new UploadProblem('failed', message ?? 'The server could not take it. Try again in a moment.');
}
