import { UploadProblem } from './queue.ts';

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

/** @param share how much of the file had gone out, 0 to 1 */
export function connectionLost(share: number): UploadProblem {
  return new UploadProblem('network', share > 0 ? `Connection lost at ${Math.floor(share * 100)} %` : 'No connection');
}
