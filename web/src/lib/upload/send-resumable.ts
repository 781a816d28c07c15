import { DetailedError, Upload as TusUpload } from 'tus-js-client';
import { API_BASE, ApiError, api } from '#lib/api.ts';
import type { Photo } from '#lib/api-schema.ts';
import { connectionLost, problemOf } from './problem.ts';
import type { SendOptions, Upload } from './queue.ts';

/**
 * Sends a file by tus 1.0. What was sent before a lost connection, a pause or a reload is not sent again: the client keeps the
 * upload's address with a fingerprint of the file.
 */
export async function sendResumable(
  { file, name, modifiedAt, size }: Upload<Photo>,
  { signal, onProgress }: SendOptions,
): Promise<{ result: Photo; duplicate: boolean }> {
  const address = await new Promise<string>((resolve, reject) => {
    let sent = 0;
    const upload = new TusUpload(file as File, {
      endpoint: `${API_BASE}/uploads`,
      metadata: { filename: name, modified_at: modifiedAt },
      retryDelays: [0, 1000, 3000],
      removeFingerprintOnSuccess: true,
      onProgress: (bytes) => {
        sent = bytes;
        onProgress(bytes);
      },
      onSuccess: () => resolve(upload.url as string),
      onError: (error) => {
        const answer = error instanceof DetailedError ? error.originalResponse : null;
        reject(answer ? problemOf(answer.getStatus(), parsed(answer.getBody())) : connectionLost(sent / size));
      },
    });
    signal.addEventListener(
      'abort',
      () => {
        void upload.abort();
        reject(new DOMException('Stopped', 'AbortError'));
      },
      { once: true },
    );
    void upload.findPreviousUploads().then(([previous]) => {
      if (signal.aborted) return;
      if (previous) upload.resumeFromPreviousUpload(previous);
      upload.start();
    });
  });
  const id = new URL(address, location.href).pathname.split('/').at(-1) as string;
  try {
    const outcome = await api.get('/uploads/:id', { param: { id }, signal });
    if (outcome.status === 'complete') return { result: outcome.photo, duplicate: outcome.duplicate };
    if (outcome.status === 'failed') throw problemOf(statusOf(outcome.error.code), outcome);
    throw connectionLost(outcome.offset / outcome.bytes);
  } catch (error) {
    if (error instanceof ApiError) throw error.status === 0 ? connectionLost(1) : problemOf(error.status, { error });
    throw error;
  }
}

/** A failed upload is told in the envelope's words, without a status of its own. */
function statusOf(code: string): number {
  const refused: Record<string, number> = {
    too_large: 413,
    too_many_pixels: 413,
    unsupported_media_type: 415,
    undecodable: 422,
    validation_error: 400,
    quota_exceeded: 507,
  };
  return refused[code] ?? 500;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
